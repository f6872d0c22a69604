# SPDX-License-Identifier: MIT
"""What a CI job asks over HTTP, answered from memory: comments of a pull request as GitHub has them, and one artifact as
GitLab has it. Everything that is asked is noted."""
import http.server
import json
import re
import threading
import urllib.parse

COMMENTS = re.compile(r"/repos/(octo/app)/issues/(7)/comments")
COMMENT = re.compile(r"/repos/octo/app/issues/comments/([0-9]+)")
ARTIFACT = re.compile(r"/api/v4/projects/1/jobs/artifacts/([^/]+)/raw/layeropt-baseline\.json")


class Server:
	"""comments: of the pull request, oldest first. writes: the status that writing gets in place of the usual one.
	artifact: (branch, job, bytes) or None. asked: (method, path with query, token) of each request."""

	def __init__(self, token):
		self.token, self.comments, self.writes, self.reads = token, [], None, None
		self.artifact, self.asked, self.bodies = None, [], []
		server = self

		class Handler(http.server.BaseHTTPRequestHandler):
			def log_message(self, *_):
				pass

			def do_GET(self):
				server.handle(self)

			do_POST = do_PATCH = do_GET

		self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
		self.url = "http://127.0.0.1:%d" % self.http.server_address[1]
		threading.Thread(target=self.http.serve_forever, daemon=True).start()

	def close(self):
		self.http.shutdown()
		self.http.server_close()

	def add(self, body, login="someone", kind="User"):
		self.comments.append({"id": 1000 + len(self.comments), "body": body, "user": {"login": login, "type": kind}})
		return self.comments[-1]

	def answer(self, request, status, document):
		data = document if isinstance(document, bytes) else json.dumps(document).encode()
		request.send_response(status)
		request.send_header("Content-Length", str(len(data)))
		request.end_headers()
		request.wfile.write(data)

	def handle(self, request):
		body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
		token = request.headers.get("Authorization") or request.headers.get("JOB-TOKEN") or request.headers.get("PRIVATE-TOKEN")
		self.asked.append((request.command, request.path, token))
		address = urllib.parse.urlsplit(request.path)
		found = ARTIFACT.fullmatch(address.path)
		if found:
			return self.give_artifact(request, found[1], urllib.parse.parse_qs(address.query))
		if token != "Bearer " + self.token:
			return self.answer(request, 401, {"message": "Bad credentials"})
		if self.reads:
			return self.answer(request, self.reads, {"message": "no"})
		if request.command == "GET" and COMMENTS.fullmatch(address.path):
			return self.list(request, urllib.parse.parse_qs(address.query))
		if self.writes:
			return self.answer(request, self.writes, {"message": "Resource not accessible by integration"})
		return self.write(request, address.path, json.loads(body)["body"])

	def give_artifact(self, request, branch, query):
		wanted = self.artifact and (urllib.parse.quote(self.artifact[0], safe=""), [self.artifact[1]])
		if wanted == (branch, query.get("job")):
			return self.answer(request, 200, self.artifact[2])
		return self.answer(request, 404, {"message": "404 Not found"})

	def list(self, request, query):
		size, page = int(query["per_page"][0]), int(query["page"][0])
		return self.answer(request, 200, self.comments[size * (page - 1):size * page])

	def write(self, request, path, text):
		found = COMMENT.fullmatch(path)
		if request.command == "POST" and COMMENTS.fullmatch(path):
			return self.answer(request, 201, self.add(text, "github-actions[bot]", "Bot"))
		for comment in self.comments:
			if found and request.command == "PATCH" and comment["id"] == int(found[1]):
				comment["body"] = text
				return self.answer(request, 200, comment)
		return self.answer(request, 404, {"message": "Not Found"})
