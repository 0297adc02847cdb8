"""Compiles what is in these folders and is not yet compiled: always to the same bytes, whenever and with whatever it was installed.

That is why pip is not left to do it: in one process of its own, in the order of names, with a hash instead of a time in each file.
PYTHONHASHSEED=0 is the caller's business. Unchecked: what is in an image does not change.
"""
import os
import py_compile
import sys
from importlib.util import cache_from_source

if not hasattr(py_compile, "PycInvalidationMode"):
    sys.exit()  # before Python 3.7 there are only times

for folder in sys.argv[1:]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            source = os.path.join(parent, name)
            if not name.endswith(".py") or os.path.exists(cache_from_source(source)):
                continue
            try:
                py_compile.compile(source, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            except (py_compile.PyCompileError, OSError, ValueError, RecursionError):
                pass  # templates and files for other versions of Python: nobody imports them
