"""Runs a module that pip has put into a folder of its own (--target): FOLDER MODULE [argument…]. With -I, so that nothing of the app is in the way."""
import runpy
import sys

sys.path.insert(0, sys.argv[1])
module = sys.argv[2]
del sys.argv[0:2]
runpy.run_module(module, run_name="__main__", alter_sys=True)
