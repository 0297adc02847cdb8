import os

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path


def index(request):
    release = os.environ.get("RELEASE_VERSION", "v0")
    commit = os.environ.get("SOURCE_VERSION", "unknown")
    return render(request, "index.html", {"release": release, "commit": commit[:12]})


urlpatterns = [
    path("", index),
    path("healthz", lambda request: HttpResponse("ok\n", content_type="text/plain")),
]
