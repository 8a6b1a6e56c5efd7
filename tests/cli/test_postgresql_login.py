#!/usr/bin/env python3
"""How one gets into a PostgreSQL server: TLS, service files, password files; and that no password
gets out again.

What libpq takes the program takes.  A refused login pauses the unit; a certificate that is not to
be trusted is an error that says so.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import pgserver  # noqa: E402

from cli import Case, main  # noqa: E402

PASSWORD = "open-sesame-7"
ROUTE = """\
routes:
  plants:
    source: {{kind: file, path: plants.jsonl, key: id}}
    destination: {{kind: postgresql, url: "{url}", table: plants, key: id, create_table: true}}
"""


def certificate(folder, name, *more):
    """A key and a certificate that vouches for itself, for 127.0.0.1."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt", *more],
                   check=True, capture_output=True)
    return folder / f"{name}.crt"


class Login(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = pgserver.Server()
        cls.addClassCleanup(cls.server.close)
        data = cls.server.data
        cls.trusted = certificate(data, "server", "-addext", "subjectAltName=IP:127.0.0.1")
        cls.stranger = certificate(data, "stranger")
        if cls.server.who:
            for path in data.glob("server.*"):
                os.chown(path, cls.server.who["user"], cls.server.who["group"])
        rules = data / "pg_hba.conf"
        rules.write_text("hostnossl all careful all reject\n" + rules.read_text())
        cls.server.start(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key")
        cls.server.psql("CREATE ROLE careful LOGIN SUPERUSER;"
                        f"CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '{PASSWORD}'")

    def setUp(self):
        super().setUp()
        self.server.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.rows(3)

    def one(self, url, code=0):
        self.config(ROUTE.format(url=url))
        done, = self.once(code=code)
        return done

    def arrived(self):
        self.assertEqual(self.server.psql("SELECT count(*) FROM plants"), "3")

    def careful(self, mode, root):
        return self.server.tcp_url(user="careful", sslmode=mode, sslrootcert=root)

    # -- TLS

    def test_tls_with_a_certificate_that_is_known(self):
        self.assertEqual(self.one(self.careful("verify-full", self.trusted))["created"], 3)
        self.arrived()

    def test_a_strangers_certificate(self):
        done = self.one(self.careful("verify-full", self.stranger), code=1)
        self.assertEqual(done["outcome"], "failed")
        self.assertIn("certificate verify failed", done["error"]["text"])

    def test_no_tls_where_the_server_wants_it(self):
        done = self.one(self.server.tcp_url(user="careful", sslmode="disable"), code=3)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("paused", "auth"))
        self.assertIn("pg_hba.conf rejects connection", done["error"]["text"])

    # -- files of libpq

    def test_a_service_file(self):
        service = self.write("services.conf", f"[plants]\nhost={self.server.dir}\n"
                             f"port={self.server.port}\nuser=guarded\ndbname=postgres\n"
                             f"password={PASSWORD}\n")
        self.env["PGSERVICEFILE"] = str(service)
        self.assertEqual(self.one("service=plants")["created"], 3)
        self.arrived()
        self.env["PGSERVICEFILE"] = str(self.dir / "none.conf")
        answer = self.run_it("check", code=2)
        self.assertIn("service file", answer.out + answer.err)

    def test_a_password_file(self):
        self.env["PGPASSFILE"] = str(self.write("pass", f"*:*:*:guarded:{PASSWORD}\n"))
        self.assertEqual(self.one(self.server.url(user="guarded"))["created"], 3)
        self.arrived()

    def test_the_environment(self):
        self.env.update(PGHOST=str(self.server.dir), PGPORT=str(self.server.port),
                        PGUSER="guarded", PGPASSWORD=PASSWORD)
        self.assertEqual(self.one("postgresql:///postgres")["created"], 3)
        self.arrived()

    # -- passwords

    def test_a_wrong_password_pauses_and_stays_secret(self):
        wrong = self.server.tcp_url(user="guarded:wrong-sesame-8")
        done = self.one(wrong, code=3)
        self.assertEqual((done["outcome"], done["error"]["kind"]), ("paused", "auth"))
        self.assertIn("password authentication failed", done["error"]["text"])
        self.assertTrue(self.units()[0]["paused"])
        said = ""
        for command in (["check"], ["once"], ["status"], ["history"], ["plan"], ["doctor"],
                        ["connectors", "postgresql"], ["-v", "once"]):
            answer = self.run_it(*command, code=None)
            said += answer.out + answer.err
        self.assertNotIn("wrong-sesame-8", said)
        for name, content in self.files().items():
            if name != "durable-sync.yaml":
                self.assertNotIn(b"wrong-sesame-8", content, name)

    def test_the_file_may_be_read_by_others_where_it_holds_no_password(self):
        self.config(ROUTE.format(url=self.server.url())).chmod(0o644)
        self.assertEqual(self.once()[0]["created"], 3)
        secret = self.server.url(user=f"guarded:{PASSWORD}")
        self.config(ROUTE.format(url=secret)).chmod(0o644)
        answer = self.run_it("check", code=2)
        self.assertIn("chmod 600", answer.err)
        self.assertNotIn(PASSWORD, answer.out + answer.err)

    def test_a_bad_address_is_not_repeated(self):
        for url, says in ((f"postgresql://guarded:{PASSWORD}@[::1/d", "cannot be read"),
                          (f"postgresql://guarded:{PASSWORD}@/d?sslmod=require", '"sslmod"'),
                          (f"postgresql://guarded:12/{PASSWORD}@localhost/d", "%2F for /"),
                          (f"postgresql://guarded:a@{PASSWORD}@localhost/d", "%40 for @")):
            self.config(ROUTE.format(url=url))
            for command in ("check", "once", "plan", "status", "doctor"):
                answer = self.run_it(command, code=None)
                self.assertNotIn(PASSWORD, answer.out + answer.err)
            answer = self.run_it("check", code=2)
            self.assertIn(says, answer.err)
            self.assertIn("durable-sync.yaml:4:", answer.err)


if __name__ == "__main__":
    main()
