# The mailer of examples/: one image for its web application and its worker. With another application in the place
# of examples/mailer it is yours.
FROM python:3.13-slim

COPY schemas /src/schemas
COPY producer /src/producer
COPY consumer /src/consumer
RUN pip install --no-cache-dir /src/schemas "/src/producer[fastapi]" /src/consumer uvicorn

WORKDIR /app
COPY examples/mailer examples/mailer

# A number, so that Kubernetes can see that it is not root.
USER 10001
CMD ["stillframe", "worker", "examples.mailer.worker:worker"]
