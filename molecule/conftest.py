"""How the tests of all scenarios reach their instances."""

import testinfra.backend

# Also where testinfra itself finds in the inventory that an instance is a container.
testinfra.backend.BACKENDS["docker"] = "instances.InstanceBackend"
