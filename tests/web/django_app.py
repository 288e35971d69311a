"""For both kinds of servers: `wsgi` and `asgi`."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from stillframe.producer.django import asubmit, payload_of, submit
from tests.producing import Email
from tests.web.apps import SEND, accepted


def create(request: HttpRequest) -> HttpResponse:
    return JsonResponse(accepted(submit(request, SEND, payload_of(request, Email)).task_id), status=202)


async def acreate(request: HttpRequest) -> HttpResponse:
    receipt = await asubmit(request, SEND, payload_of(request, Email))
    return JsonResponse(accepted(receipt.task_id), status=202)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.web.django_settings")
wsgi = get_wsgi_application()
asgi = get_asgi_application()
urlpatterns = [path("emails", acreate if os.environ.get("ASYNC") else create)]
