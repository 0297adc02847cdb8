"""Moves a virtual environment: rewrites the old place where pip and venv wrote it, in the scripts of bin/, in pyvenv.cfg and in links."""
import os
import pathlib
import sys

# The folder that holds it too: a Python of the app's own lies beside it.
old, new = (os.fsencode(os.path.dirname(path)) for path in sys.argv[1:3])
venv = pathlib.Path(sys.argv[2])
for path in [*(venv / "bin").iterdir(), venv / "pyvenv.cfg"]:
    if path.is_symlink():
        target = os.fsencode(os.readlink(path))
        if target.startswith(old + b"/"):
            path.unlink()
            path.symlink_to(os.fsdecode(new + target[len(old):]))
    elif path.is_file():
        content = path.read_bytes()
        if old in content:
            path.write_bytes(content.replace(old, new))
