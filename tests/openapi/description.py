# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml, and whether an answer of the coordinator is as it says."""

import json
import os
import re
import urllib.parse

import jsonschema
import yaml

FILE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
JSON_TYPES = ("application/json", "application/problem+json")
METHODS = ("get", "put", "post", "patch", "delete")
# Answers of the HTTP library, which come before any route: docs/api.md, conventions.
LIBRARY_STATUSES = (400, 413, 414, 431, 505)


def pattern_of(path):
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)) + "$")


class Description:
    def __init__(self, file=FILE):
        with open(file, encoding="utf-8") as f:
            self.document = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        # What has no part in braces goes first: /v1/suppressions/export is no /v1/suppressions/{channel}.
        paths = sorted(self.document["paths"], key=lambda path: (path.count("{"), path))
        self.paths = [(pattern_of(path), path) for path in paths]
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.validators = {}

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operations(self):
        """(method, path, operation, its parameters with those of its path), all of them."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    parameters = item.get("parameters", []) + item[method].get("parameters", [])
                    yield method.upper(), path, item[method], [self.resolve(parameter) for parameter in parameters]

    def find(self, method, path):
        """The path's name and operation; None for what is not there."""
        for pattern, name in self.paths:
            if pattern.match(path):
                method = "get" if method == "HEAD" else method.lower()
                return name, self.document["paths"][name].get(method)
        return None, None

    def response_of(self, operation, status):
        for key in (str(status), f"{status // 100}XX"):
            if key in operation["responses"]:
                return self.resolve(operation["responses"][key])
        return None

    def errors_of(self, schema, value):
        """What does not fit, the deepest first."""
        key = id(schema)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{error.json_path}: {error.message[:300]}" for error in self.validators[key].iter_errors(value)]

    def check(self, method, path, status, content_type, body):
        """None, or what of the answer is not as described."""
        name, operation = self.find(method, urllib.parse.urlsplit(path).path)
        media = (content_type or "").split(";")[0]
        if media == "text/html" and status in LIBRARY_STATUSES:
            return None
        if operation is None:
            if status not in (404, 405, 401, 408, 413, 414, 431):
                return f"{method} {path} is not described, and answered {status}"
            response = self.resolve({"$ref": "#/components/responses/Refused"})
        else:
            response = self.response_of(operation, status)
        if response is None:
            return f"{method} {name}: {status} is not described"
        content = response.get("content", {})
        if method == "HEAD" or (not body and not content):
            return None
        if media not in content:
            return f"{method} {name}: {status} with {content_type!r} is not described"
        if media not in JSON_TYPES:
            return None
        errors = self.errors_of(content[media].get("schema", {}), json.loads(body))
        return f"{method} {name}: {status}: " + "; ".join(errors[:3]) if errors else None


class Watch:
    """Takes answers as they come, from any thread, and checks them when nobody is in a hurry any more."""

    ENOUGH = 200  # answers of one operation and status: those after them are not kept

    def __init__(self, description):
        self.description = description
        self.answers = []
        self.counts = {}

    def take(self, method, path, answer):
        key = self.description.find(method, urllib.parse.urlsplit(path).path)[0], method, answer.status
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] <= self.ENOUGH:
            content_type = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), None)
            self.answers.append((method, path, answer.status, content_type, answer.body))

    def problems(self):
        """What was not as described, each once; forgets all of it."""
        answers, self.answers, self.counts = self.answers, [], {}
        return sorted({problem for problem in (self.description.check(*answer) for answer in answers) if problem})
