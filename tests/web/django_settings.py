"""Settings of the Django application; Django imports nothing before them."""

from tests.web.apps import PRODUCER

ALLOWED_HOSTS = ["*"]
DATABASES: dict[str, object] = {}
INSTALLED_APPS = ["stillframe.producer.django"]
MIDDLEWARE = ["stillframe.producer.django.SnapshotMiddleware", "stillframe.producer.django.ErrorsMiddleware"]
ROOT_URLCONF = "tests.web.django_app"
SECRET_KEY = "of the tests"
STILLFRAME = {"PRODUCER": PRODUCER}
USE_TZ = True
