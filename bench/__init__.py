"""The project's measurements. docs/speed.md names the question that each of them answers."""
