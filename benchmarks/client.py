"""One sample: `python client.py CLIENT TASK ENDPOINT GIVEN` prints what a task took, in JSON.

It needs nothing but the standard library and the client, so that it runs in any environment.
"""

import importlib
import json
import sys

if __name__ == "__main__":
    name, task, endpoint, given = sys.argv[1:]
    made = importlib.import_module(f"clients.{name}").Client(endpoint)
    kind = "tasks" if name.endswith("_async") else "threads"
    sample = importlib.import_module(f"clients.{kind}").run(made, task, json.loads(given))
    sys.stdout.write(json.dumps(sample) + "\n")
