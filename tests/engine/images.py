# SPDX-License-Identifier: MIT
"""The small images that the engine tests build: one Dockerfile per kind of change, on a base of busybox."""

import io
import os
import random
import shutil
import tarfile

BASE = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc /tmp /srv && chmod 1777 /tmp && echo root:x:0:0:root:/:/bin/sh >/etc/passwd
"""

# Every recipe starts from BASE; `files/` is the folder that `context` fills.
RECIPES = {
	"metadata": """
ADD odd.tar /odd/
COPY files/ /srv/files/
RUN chmod 4755 /srv/files/small && chmod 2755 /srv/files && touch -d '2011-12-13 14:15:16' /srv/files/small
RUN mkfifo -m 600 /srv/pipe && mknod /srv/char c 1 3 && mknod /srv/block b 8 17
RUN printf x >"/srv/$(printf 'caf\\351 \\033[31m')" && ln -s "$(printf 'to\\377')" /srv/link && chown -h 5:6 /srv/link
RUN chown 3000000:70000 /odd/capable
""",
	"links": """
RUN cd /srv && printf one >a && ln a b && ln a c && mkdir d && ln a d/e && ln -s a s && ln s t
RUN chmod 600 /srv/b
RUN rm /srv/a
RUN printf more >>/srv/c
RUN cd /srv && printf two >f && ln f g && ln f h
RUN cd /srv && rm f g && ln h d/i
RUN cd /srv && mv h k && mv d/i l
""",
	"removals": """
COPY files/ /srv/files/
COPY files/ /srv/again/
RUN rm -rf /srv/files/many
RUN rm -rf /srv/again && mkdir /srv/again && echo new >/srv/again/only
RUN rm /srv/files/small && mkdir /srv/files/small && echo in >/srv/files/small/file
RUN rm -rf /srv/files/deep && echo file >/srv/files/deep
RUN rm /srv/files/link && mkdir /srv/files/link && touch /srv/files/link/x
RUN rm -rf /srv/again && ln -s files /srv/again
RUN cd /srv/files && mv big renamed && rm -f link/x && rmdir link && mkfifo link
RUN mkdir -p /srv/new/a/b/c && touch /srv/new/a/b/c/f && rm -rf /bin/vi /srv/files/empty
RUN rm -rf /srv/new/a && mkdir -p /srv/new/a/b && touch /srv/new/a/b/g
""",
	"copies": """
COPY files/ /srv/files/
RUN chmod -R g+w /srv/files
RUN chown -R 1000:1000 /srv/files
RUN touch -h -d '2015-05-05 05:05:05' /srv/files/big /srv/files/link
RUN cp /srv/files/big /srv/copy && cat /srv/copy >/srv/files/big
RUN tr a-z A-Z </srv/files/small >/srv/upper && cat /srv/upper >/srv/files/small
COPY files/ /srv/files/
""",
}

CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000").decode("latin-1")


def write(folder, name, data):
	path = os.path.join(folder, name)
	os.makedirs(os.path.dirname(path), exist_ok=True)
	with open(path, "wb") as file:
		file.write(data)


def odd_tar():
	"""What no RUN of busybox makes: a capability, owners and times that need PAX, names of every length."""
	out = io.BytesIO()
	with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
		def add(name, kind=tarfile.REGTYPE, data=b"", **fields):
			info = tarfile.TarInfo(name)
			info.type, info.size, info.mtime, info.mode = kind, len(data), 1400000000, 0o644
			for key, value in fields.items():
				setattr(info, key, value)
			tar.addfile(info, io.BytesIO(data))
		add("capable", data=b"program", mode=0o755, pax_headers={"SCHILY.xattr.security.capability": CAPABILITY})
		add("owned", data=b"x", uid=3000000000, gid=2100000, mtime=1234567890)
		add("exact", data=b"y", pax_headers={"mtime": "1234567890.123456789"})
		add("folder", tarfile.DIRTYPE, mode=0o711, uid=7, gid=8)
		add("folder/" + "n" * 200, data=b"long")
		add("folder/" + "deep/" * 30 + "end", data=b"deep")
		add("folder/linked", tarfile.LNKTYPE, linkname="owned")
		add("folder/symbolic", tarfile.SYMTYPE, linkname="../" + "t" * 150, mode=0o777)
	return out.getvalue()


def context(folder):
	"""Fill `folder` with all that the recipes copy, and with the recipes."""
	numbers = random.Random(1)
	for number in range(150):
		write(folder, "files/many/%d/%d" % (number % 5, number), b"%d\n" % number * numbers.randrange(50))
	write(folder, "files/big", numbers.randbytes(1500000))
	write(folder, "files/small", b"a small file\n")
	write(folder, "files/twin", b"a small file\n")
	write(folder, "files/empty/none", b"")
	write(folder, "files/deep/er/est", b"z" * 5000)
	os.symlink("small", os.path.join(folder, "files/link"))
	write(folder, "odd.tar", odd_tar())
	shutil.copy("/bin/busybox", os.path.join(folder, "busybox"))
	write(folder, "Dockerfile.base", BASE.encode())
	for name, recipe in RECIPES.items():
		write(folder, "Dockerfile." + name, b"ARG BASE\nFROM ${BASE}\n" + recipe.lstrip().encode())
	return folder
