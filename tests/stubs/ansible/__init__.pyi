# Ansible comes without types: whatever is not beside this file is Any.
from typing import Any

def __getattr__(name: str) -> Any: ...  # noqa: ANN401
