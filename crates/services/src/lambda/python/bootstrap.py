"""The Python runtime of a function: loads the handler that _HANDLER names from LAMBDA_TASK_ROOT and works off the
Lambda Runtime API, one request after another. What it answers, logs and exits with is what AWS's runtime interface
client does (aws/aws-lambda-python-runtime-interface-client; AWS Lambda Developer Guide, "Building Lambda functions with
Python"). The standard library alone, and little of it: what is imported here is paid for at every cold start."""

import importlib
import json
import logging
import math
import os
import re
import site
import socket
import sys
import time
import traceback

RUNTIME = "/2018-06-01/runtime/"
# Packages that were installed for the function's requirements.txt; on Lambda they lie in the deployment package.
PACKAGES = "/var/packages"
WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in rare cases, a Lambda "
    "runtime update can cause unexpected function behavior. For functions using managed runtimes, runtime updates can be triggered "
    "by a function change, or can be applied automatically. To determine if the runtime has been updated, check the runtime version "
    "in the INIT_START log entry. If this error correlates with a change in the runtime version, you may be able to mitigate this "
    "error by temporarily rolling back to the previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


class Api:
    """One keep-alive HTTP/1.1 connection, one exchange at a time."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = host
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb")

    def exchange(self, method, route, body=None, headers=()):
        head = [f"{method} {RUNTIME}{route} HTTP/1.1", f"Host: {self.host}"]
        head += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            head.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join(head + ["", ""]).encode("latin-1") + (body or b""))
        # The platform is gone: there is nobody to answer.
        if not self.answers.readline():
            os._exit(1)
        received = {}
        for line in iter(self.answers.readline, b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            received[name.lower()] = value.strip()
        return received, self.answers.read(int(received.get("content-length", 0)))


class Fault(Exception):
    """A failure that the runtime itself names."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = "Runtime." + kind, message, trace


# --- what a function is given ---


class Fields:
    """An object with the fields of its class, None where nothing is given."""

    __slots__ = ()

    def __init__(self, given):
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __repr__(self):
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in self.__slots__)}])"


class CognitoIdentity(Fields):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(Fields):
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(Fields):
    __slots__ = ("custom", "env", "client")

    def __init__(self, given):
        super().__init__(given)
        if self.client is not None:
            self.client = Client(self.client)


class LambdaContext:
    """The `context` of a handler (AWS Lambda Developer Guide, "Using the Lambda context object to retrieve Python function
    information")."""

    def __init__(self, headers):
        client, identity = from_header(headers, "Client-Context"), from_header(headers, "Cognito-Identity")
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = None
        self.client_context = ClientContext(client) if client is not None else None
        identity = identity or {}
        self.identity = CognitoIdentity({
            "cognito_identity_id": identity.get("cognitoIdentityId"),
            "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
        })
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        shown = (
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb", "function_version",
            "invoked_function_arn", "client_context", "identity", "tenant_id",
        )
        return f"LambdaContext([{','.join(f'{name}={getattr(self, name)}' for name in shown)}])"


def from_header(headers, name):
    text = headers.get(f"lambda-runtime-{name.lower()}")
    try:
        return json.loads(text) if text else None
    except Exception as error:
        raise Fault("LambdaContextUnmarshalError", f"Unable to parse {name.replace('-', ' ')} JSON: {error}")


# --- JSON as simplejson, which AWS's client uses, writes it: bytes are text, a Decimal keeps its digits ---

DIGITS = os.urandom(16).hex()


class Encoder(json.JSONEncoder):
    def default(self, value):
        if isinstance(value, bytes):
            return value.decode("utf-8")
        # Loaded by whoever made a Decimal; nobody else pays for it.
        decimal = sys.modules.get("decimal")
        if decimal and isinstance(value, decimal.Decimal):
            return math.nan if value.is_nan() else DIGITS + str(value)
        return super().default(value)


def to_json(value):
    minor = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python3.")[2]
    # From python3.12 on, text stands as it is.
    text = Encoder(ensure_ascii=not minor.isdigit() or int(minor) < 12).encode(value)
    return re.sub(f'"{DIGITS}([^"]*)"', r"\1", text) if DIGITS in text else text


# --- errors and the log ---


class Log(logging.Handler):
    request_id = ""

    def emit(self, record):
        # One event of the log, whatever lines it has.
        sys.stdout.write(self.format(record).replace("\n", "\r") + "\n")

    def filter(self, record):
        record.aws_request_id = Log.request_id
        return super().filter(record)


def start_log():
    logging.Formatter.converter = time.gmtime
    log = Log()
    log.setFormatter(logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(log)


def as_error(error, request_id=""):
    """The error as the caller gets it. Frames of the runtime itself are not shown."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace or []
    else:
        frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
        first = next((at for at, frame in enumerate(frames) if "/bootstrap.py" not in frame[0]), 0)
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(frames[first:])
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(error):
    kind, message = error["errorType"], error["errorMessage"]
    lines = [f"[ERROR] {kind}{': ' + message if message else ''}", "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        for line in element.splitlines():
            text = line.lstrip(" ")
            # CloudWatch's console swallows leading spaces.
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(lines).replace("\n", "\r") + "\n")


# --- the handler ---


def set_path():
    """Where modules are looked for, as in AWS's own bootstrap.py: /var/task, then the layers' folders."""
    task = os.environ["LAMBDA_TASK_ROOT"]
    folders = [task, PACKAGES]
    if "PYTHONPATH" not in os.environ:
        minor = f"{sys.version_info.major}.{sys.version_info.minor}"
        folders += [f"/opt/python/lib/python{minor}/site-packages", "/opt/python"]
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
    sys.path[:0] = folders
    for folder in folders:
        if os.path.isdir(folder):
            site.addsitedir(folder)
    # What `site` gives every program; it was left out at the start, for it brings the machine's packages too.
    site.setquit()
    site.setcopyright()
    site.sethelper()


def load(name):
    module, dot, function = name.rpartition(".")
    if not dot:
        raise Fault("MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    if module.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", f"Cannot use built-in module {module} as a handler module")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", f"Unable to import module '{module}': {error}")
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", trace)
    try:
        return getattr(loaded, function)
    except AttributeError:
        raise Fault("HandlerNotFound", f"Handler '{function}' missing on module '{module}'")


# --- one request after another ---


def call(handler, headers, body):
    context = LambdaContext(headers)
    try:
        event = json.loads(body)
    except Exception as error:
        raise Fault("UnmarshalError", f"Unable to unmarshal input: {error}")
    answer = handler(event, context)
    if isinstance(answer, bytes):
        return answer, "application/unknown"
    try:
        return to_json(answer), "application/json"
    except Exception as error:
        raise Fault("MarshalError", f"Unable to marshal response: {error}")


def report(api, route, error):
    log_error(error)
    kind = re.sub("[^\x20-\x7e]", "", error["errorType"])
    headers = [("Content-Type", "application/json"), ("Lambda-Runtime-Function-Error-Type", kind)]
    api.exchange("POST", route, to_json(error).encode("utf-8", "backslashreplace"), headers)


def run(api):
    start_log()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        logging.warning(WARNING)
        report(api, "init/error", as_error(error))
        sys.exit(1)
    while True:
        headers, body = api.exchange("GET", "invocation/next")
        Log.request_id = request_id = headers.get("lambda-runtime-aws-request-id", "")
        if "lambda-runtime-trace-id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            answer, content_type = call(handler, headers, body)
        except Exception as error:
            report(api, f"invocation/{request_id}/error", as_error(error, request_id))
        else:
            # What is no text (half a surrogate pair) ends the process, as it does on Lambda.
            answer = answer if isinstance(answer, bytes) else answer.encode("utf-8")
            api.exchange("POST", f"invocation/{request_id}/response", answer, [("Content-Type", content_type)])


if __name__ == "__main__":
    set_path()
    run(Api(os.environ["AWS_LAMBDA_RUNTIME_API"]))
