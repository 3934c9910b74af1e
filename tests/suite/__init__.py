"""How the checks of the project are chosen, ordered and measured; tests/run.py runs them."""
