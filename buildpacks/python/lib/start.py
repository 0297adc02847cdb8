"""What starts a Django, Flask or FastAPI app, `name<TAB>value` a line; nothing where there is none.

Certain is what needs no guess: the only application object there is, and a server for it that is installed.
"""
import ast
import os
import re
import sys
from importlib.util import find_spec

FRAMEWORKS = {"Flask": ("gunicorn", "gunicorn {}"), "FastAPI": ("uvicorn", "uvicorn {} --host 0.0.0.0 --port $PORT")}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(1 << 20)


def django():
    """The WSGI module beside the settings that manage.py names."""
    match = re.search(r"""['"]DJANGO_SETTINGS_MODULE['"]\s*,\s*['"](\w+(?:\.\w+)*)['"]""", read("manage.py"))
    parts = match.group(1).split(".") if match else []
    while parts:
        parts.pop()
        if parts and os.path.isfile(os.path.join(*parts, "wsgi.py")):
            return ".".join([*parts, "wsgi"])
    return None


def applications():
    """(framework, `module:name`) of each application object, and of each function that makes one: `module:name()`."""
    found, makers = [], []
    for module, path in modules():
        try:
            tree = ast.parse(read(path))
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                kind = framework_of(node.value)
                if kind and isinstance(target, ast.Name):
                    found.append((kind, f"{module}:{target.id}"))
            elif isinstance(node, ast.FunctionDef):
                kind = next(filter(None, map(framework_of, ast.walk(node))), None)
                if kind and node.name in ("create_app", "make_app") and not node.args.args:
                    makers.append((kind, f"{module}:{node.name}()"))
    return found, makers


def modules():
    for entry in sorted(os.listdir(".")):
        name, end = os.path.splitext(entry)
        if end == ".py" and name.isidentifier() and os.path.isfile(entry):
            yield name, entry
        elif entry.isidentifier() and not os.path.islink(entry):
            for inner in ("__init__", "main", "app"):
                path = os.path.join(entry, inner + ".py")
                if os.path.isfile(path):
                    yield entry if inner == "__init__" else f"{entry}.{inner}", path


def framework_of(node):
    if not isinstance(node, ast.Call):
        return None
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
    return name if name in FRAMEWORKS else None


def say(kind, server, command, certain):
    installed = find_spec(server) is not None
    answer = {"kind": kind, "server": server, "command": command, "installed": installed, "certain": certain and installed}
    for name, value in answer.items():
        print(f"{name}\t{'yes' if value is True else value or ''}")


def main():
    if os.path.isfile("manage.py") and find_spec("django"):
        module = django()
        return say("Django", "gunicorn", f"gunicorn {module or 'PROJECT.wsgi'}", module is not None)
    found, makers = applications()
    for kind, place in (found or makers)[:1]:
        server, command = FRAMEWORKS[kind]
        if not find_spec(kind.lower()):
            continue
        if place.endswith(")"):
            place = f"'{place}'" if kind == "Flask" else f"--factory {place[:-2]}"
        say(kind, server, command.format(place), len(found) == 1)


os.chdir(sys.argv[1])
main()
