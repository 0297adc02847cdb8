"""What the app's files say: which tool installs it, which Python it asks for, and a hash of all that decides what is installed.

One `name<TAB>value` a line, for compile. argv: the app's folder, and where a list of the project's own dependencies may go.
"""
import hashlib
import json
import os
import re
import sys

import manifests
from manifests import fail, read_text, warn
from ranges import fits, satisfies

LOCKS = {"uv.lock": ("uv", "pyproject.toml"), "poetry.lock": ("poetry", "pyproject.toml"), "Pipfile.lock": ("pipenv", "Pipfile")}


def choose_tool(project):
    """Sets manager, and lockfile where there is one."""
    locks = [name for name in LOCKS if os.path.isfile(name)]
    if len(locks) > 1:
        fail("There are lock files of several tools: " + ", ".join(locks) + ".", "Keep the one you use and remove the others.")
    has_requirements = os.path.isfile("requirements.txt")
    for lock in locks:
        manager, manifest = LOCKS[lock]
        if not os.path.isfile(manifest):
            fail(f"There is a {lock} and no {manifest} that it belongs to. Commit both.")
        if has_requirements:
            warn(f"There is a {lock} too: requirements.txt is not read.")
        return {"manager": manager, "lockfile": lock}
    if has_requirements:
        return {"manager": "pip", "lockfile": "requirements.txt"}
    if os.path.isfile("Pipfile"):
        fail("There is a Pipfile and no Pipfile.lock. Make one (pipenv lock) and commit it.")
    if project.poetry and not project.table and not project.is_package("poetry"):
        fail("pyproject.toml is Poetry's, and there is no poetry.lock. Make one (poetry lock) and commit it.")
    if project.exists or os.path.isfile("setup.py"):
        name = "poetry" if project.poetry else "uv"
        if project.exists and project.dependencies != []:
            warn(f"There is no lock file: the next build may install other versions. Commit one ({name} lock makes it).")
        return {"manager": "project", "lockfile": "pyproject.toml" if project.exists else "setup.py"}
    return {"manager": "project", "lockfile": ""}


def wanted_python(project):
    """The version asked for and where; the first file that names one counts."""
    for name in (".python-version", "runtime.txt"):
        for line in read_text(name).splitlines():
            line = re.sub(r"^python-", "", line.split("#")[0].strip())
            if line == "":
                continue
            if not re.match(r"^\d+(\.\d+){0,2}$", line):
                fail(f'{name} asks for Python "{line[:40]}"; write a version such as 3.11.')
            return line, name
    if os.path.isfile("Pipfile.lock"):
        requires = manifests.read_json("Pipfile.lock").get("_meta", {}).get("requires", {})
        version = requires.get("python_full_version") or requires.get("python_version") or ""
        if re.match(r"^\d+(\.\d+){0,2}$", version):
            return version, "Pipfile"
    if project.requires_python:
        spec, where = project.requires_python
        try:
            fits("3.0.0", spec)
        except ValueError as part:
            fail(f'{where} asks for Python "{spec[:60]}", of which "{str(part)[:40]}" cannot be understood.', "Write something like >=3.11.")
        return spec, where
    return "", ""


def main(listed):
    # First, so that the caller knows that this interpreter works, whatever is wrong with the app.
    have = "%d.%d.%d" % sys.version_info[:3]
    print(f"have\t{have}\t{sys.executable}", flush=True)
    project = manifests.Project()
    facts = choose_tool(project)
    facts["wanted"], facts["wanted_in"] = wanted_python(project)
    facts["fits"] = "yes" if satisfies(have, facts["wanted"]) else ""
    files = manifests.deciding_files(facts["manager"], facts["lockfile"], project)
    facts["package"] = "yes" if project.is_package(facts["manager"]) else ""
    if facts["manager"] == "project" and project.dependencies is not None:
        facts["listed"] = "yes"
        with open(listed, "w") as file:
            file.write("".join(line + "\n" for line in project.dependencies))
    if files is not None:
        tools = sorted(f"{name}={value}" for name, value in os.environ.items() if re.match(r"(PIP|UV|POETRY|PIPENV)_", name))
        parts = [facts["manager"], *[f"{name}\0{text}" for name, text in sorted(files.items())], *tools]
        facts["digest"] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    for name, value in facts.items():
        print(name + "\t" + re.sub(r"\s+", " ", value))


os.chdir(sys.argv[1])
main(sys.argv[2])
