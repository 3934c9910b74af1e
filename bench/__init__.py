"""The project's measurements: each module is one, run as `./lab python -m bench.NAME`."""
