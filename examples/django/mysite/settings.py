import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# In a real site: SECRET_KEY: {secret: …} under env: in app.yaml. The build has none and needs none.
SECRET_KEY = os.environ.get("SECRET_KEY", "only-an-example")
DEBUG = False
# trimtab sends an app only what its routes name.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["django.contrib.staticfiles"]
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "mysite/templates"]}]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "mysite/static"]
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
