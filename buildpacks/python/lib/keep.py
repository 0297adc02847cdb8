"""Keeping a virtual environment for the next build: may it be kept, and moving it to where that one is built."""
import hashlib
import os
import pathlib
import sys


def signature(build, *interpreter):
    """Prints a hash of all that decides what is installed; nothing if more than requirements.txt decides."""
    path = pathlib.Path(build, "requirements.txt")
    if not path.is_file():
        return
    text = path.read_text(errors="replace")
    for line in text.splitlines():
        line = line.strip()
        # Other files (-r, -c), editable and local packages may change while this file does not.
        local = line.startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable", ".", "/", "file:"))
        if local or "file:" in line or " @ ." in line or "git+" in line:
            return
    pip = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_") and name != "PIP_CACHE_DIR")
    parts = "\0".join(["1", text, *interpreter, *pip])
    print(hashlib.sha256(parts.encode()).hexdigest())


def move(from_file, venv):
    """Rewrites the old place in the scripts of bin/, where pip wrote it as their interpreter."""
    old = os.fsencode(pathlib.Path(from_file).read_text())
    new = os.fsencode(venv)
    for path in [*pathlib.Path(venv, "bin").iterdir(), pathlib.Path(venv, "pyvenv.cfg")]:
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if old in content:
            path.write_bytes(content.replace(old, new))


{"signature": signature, "move": move}[sys.argv[1]](*sys.argv[2:])
