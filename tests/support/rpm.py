# SPDX-License-Identifier: MIT
"""Headers and databases of rpm, in bytes."""
import os
import sqlite3
import struct
import tempfile

CHAR, INT32, STRING, STRINGS = 1, 4, 6, 8	# types of tags


def header(*tags):
	"""An installed package: tags are (number, type, count, data)."""
	index, data = b"", b""
	for tag, kind, count, value in tags:
		index += struct.pack(">IIII", tag, kind, len(data), count)
		data += value
	return struct.pack(">II", len(tags), len(data)) + index + data


NAME = ((1000, STRING, 1, b"demo\0"), (1001, STRING, 1, b"1.2\0"), (1002, STRING, 1, b"3\0"))
FILES = ((1116, INT32, 3, struct.pack(">III", 0, 1, 1)), (1117, STRINGS, 3, b"demo.conf\0a\0log\0"), (1118, STRINGS, 2, b"/etc/\0/usr/demo/\0"))
DEMO = header(*NAME, (1003, INT32, 1, struct.pack(">I", 2)), *FILES, (1037, INT32, 3, struct.pack(">III", 1, 0, 64)),
	(1029, CHAR, 3, b"\0\0\1"))

TABLE = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"
INSERT = "INSERT INTO Packages (blob) VALUES (?)"


def database(*statements, package=DEMO, page=512):
	"""What SQLite makes of the statements; ? is the package."""
	with tempfile.TemporaryDirectory() as folder:
		name = os.path.join(folder, "db")
		db = sqlite3.connect(name, isolation_level=None)
		db.execute(f"PRAGMA page_size = {page}")
		for statement in statements:
			db.execute(statement, (package,) * statement.count("?"))
		db.close()
		with open(name, "rb") as f:
			return f.read()
