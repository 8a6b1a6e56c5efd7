#!/usr/bin/env python3
"""server.py [PORT] - task lists over HTTP, in memory: what the connector of this folder talks to.

  GET    /lists/LIST/tasks?limit=100[&after=ID][&since=MS]  {"tasks": [...], "next": ID or null}
  GET    /lists/LIST/tasks/ID/notes                         {"text": "..."}
  GET    /lists/LIST/rows?ref=KEY[&ref=KEY...]              {"tasks": [...]}, at most 50 keys; with their "notes"
  POST   /lists/LIST/tasks       {"ref": KEY, "title": ...} 201, the task
  PATCH  /lists/LIST/tasks/ID    {"title": ...}             200, the task
  DELETE /lists/LIST/tasks/ID                               204

A task: {"id", "ref", "title", "done", "due", "owner": {"login"}, "changed_at", "changed_ms"}
Errors: {"error": CODE, "text": "..."}: 401 login, 404 not_found, 422 invalid, and 409 locked with "seconds".
"""
import datetime
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

FIELDS = {"ref": str, "title": str, "done": bool, "due": str, "notes": str}


class Refused(Exception):
    def __init__(self, status, code, text, **more):
        super().__init__(text)
        self.status, self.answer = status, {"error": code, "text": text, **more}


class Lists:
    """All there is. Whoever tests with it looks into `lists` and `calls`, and sets `locked`."""

    def __init__(self):
        self.lists, self.calls, self.lock = {}, {}, threading.Lock()
        self.n = self.now = self.locked = 0

    def task(self, name, task_id):
        for task in self.lists.get(name, []):
            if task["id"] == task_id:
                return task
        raise Refused(404, "not_found", "no such task")

    def set(self, task, values):
        for field, value in values.items():
            if field not in FIELDS or not (value is None or isinstance(value, FIELDS[field])):
                raise Refused(422, "invalid", f"a task has no such {field}")
        task.update(values)
        self.now = max(self.now + 1, int(time.time() * 1000))  # no two changes have one time
        task["changed_ms"] = self.now
        at = datetime.datetime.fromtimestamp(self.now / 1000, datetime.timezone.utc)
        task["changed_at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return task

    def add(self, name, **values):
        if not values.get("title"):
            raise Refused(422, "invalid", "a task needs a title")
        self.n += 1
        task = {"id": f"t{self.n:04}", "ref": None, "done": False, "due": None, "owner": {"login": "ada"}}
        self.lists.setdefault(name, []).append(self.set(task, values))
        return task

    def answer(self, method, path, query, body):
        name, task_id, notes = re.fullmatch(r"/lists/([^/]+)/(?:tasks|rows)(?:/([^/]+))?(/notes)?", path).groups()
        tasks = self.lists.get(name, [])
        if method == "POST":
            return 201, self.shown(self.add(name, **body))
        if method == "PATCH":
            return 200, self.shown(self.set(self.task(name, task_id), body))
        if method == "DELETE":
            tasks.remove(self.task(name, task_id))
            return 204, None
        if notes:
            return 200, {"text": self.task(name, task_id).get("notes") or ""}
        if "ref" in query:
            return 200, {"tasks": [t for t in tasks if t["ref"] in query["ref"][:50]]}
        limit, after, since = (query.get(k, [d])[0] for k, d in (("limit", "100"), ("after", ""), ("since", "0")))
        found = [t for t in tasks if t["id"] > after and t["changed_ms"] >= int(since)]
        page = found[:min(int(limit), 100)]
        return 200, {"tasks": [self.shown(t) for t in page], "next": page[-1]["id"] if found[len(page):] else None}

    def shown(self, task):
        return {name: value for name, value in task.items() if name != "notes"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer leaves as one piece
    lists = None

    def log_message(self, *args):
        pass

    def work(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        url = urllib.parse.urlsplit(self.path)
        call = self.command + re.sub(r"/tasks/[^/]+", "/tasks/{id}", url.path)
        try:
            with self.lists.lock:
                self.lists.calls[call] = self.lists.calls.get(call, 0) + 1
                if not self.headers.get("Authorization", "").startswith("Bearer "):
                    raise Refused(401, "login", "no token")
                if self.lists.locked:  # for so many requests
                    self.lists.locked -= 1
                    raise Refused(409, "locked", "somebody tidies the list", seconds=1)
                status, answer = self.lists.answer(self.command, url.path, urllib.parse.parse_qs(url.query), body)
        except Refused as refused:
            status, answer = refused.status, refused.answer
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = work


def serve(port=0):
    """A server on loopback that is yet to be started, and what it serves."""
    lists = Lists()
    handler = type("TasksHandler", (Handler,), {"lists": lists})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server, lists


if __name__ == "__main__":
    SERVER, LISTS = serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
    for title in ("Water the ferns", "Write to Ada", "Mend the gate"):
        LISTS.add("home", title=title, notes=f"# {title}\n\nBefore Friday.")
    print(f"http://127.0.0.1:{SERVER.server_port}", flush=True)
    SERVER.serve_forever()
