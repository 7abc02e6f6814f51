"""
Logs lines with a client: each line of standard input is a JSON array of them, and is answered with `sent` once the client has
sent them all, or has given up.

    senders.py <client> <name of its lines> <url> <token file>
"""

import json
import logging
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class TokenFile(requests.auth.AuthBase):
    """Reads the token for each request, so that a new one is used without a restart."""

    def __init__(self, path):
        self.path = path

    def __call__(self, request):
        with open(self.path) as file:
            request.headers["Authorization"] = "Bearer " + file.read().strip()
        return request


def opentelemetry(name, url, auth):
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    session = requests.Session()
    session.auth = auth
    exporter = OTLPLogExporter(f"{url}/otlp/v1/logs", session=session, timeout=60, compression=Compression.Gzip)
    provider = LoggerProvider(Resource.create({"service.name": name, "process.command": "till"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_export_batch_size=40))
    return LoggingHandler(logger_provider=provider), lambda: provider.force_flush(60_000)


def loki(name, url, auth):
    from logging_loki import LokiHandler

    handler = LokiHandler(f"{url}/loki/api/v1/push", {"app": name}, auth, version="1")
    # Its default writes each failure to standard error.
    handler.handleError = lambda record: handler.emitter.close()
    return handler, lambda: None


def loki_with_retries(name, url, auth):
    from logging_loki import LokiHandler

    handler = LokiHandler(f"{url}/api/prom/push", {"app": name}, auth, version="0")
    statuses = (429, 503)
    retries = Retry(40, status_forcelist=statuses, allowed_methods=None, backoff_factor=0.05, backoff_max=1)
    handler.emitter.session.mount("http://", HTTPAdapter(max_retries=retries))
    return handler, lambda: None


CLIENTS = {"opentelemetry": opentelemetry, "loki": loki, "loki-with-retries": loki_with_retries}


def main(client, name, url, token_file):
    handler, flush = CLIENTS[client](name, url, TokenFile(token_file))
    logger = logging.getLogger("till")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    for lines in sys.stdin:
        for line in json.loads(lines):
            logger.info(line, extra={"order": "o-1"})
        flush()
        print("sent", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
