import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    release = os.environ.get("RELEASE_VERSION", "v0")
    commit = os.environ.get("SOURCE_VERSION", "unknown")
    return f"Hello from Flask, {release}, commit {commit[:12]}\n", {"content-type": "text/plain; charset=utf-8"}


@app.get("/healthz")
def healthz():
    return "ok\n"
