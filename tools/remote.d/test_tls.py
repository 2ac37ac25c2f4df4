"""TLS: who is talked to, and who is not."""

import subprocess

import pytest
from redis_cluster import Cluster
from redis_server import Redis, wait_until


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(scratch):
    folder = scratch / "tls"
    folder.mkdir()
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    for name, subject, days in (("server", "DNS:localhost", "2"), ("wrong", "DNS:elsewhere", "2"),
                                ("expired", "DNS:localhost", "-1"), ("client", "DNS:client", "2"),
                                ("node", "IP:127.0.0.1,IP:::1", "2")):  # fmt: skip
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        (folder / "ext").write_text(f"subjectAltName={subject}\n")
        try:
            openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                    "-days", days, "-extfile", "ext", "-out", f"{name}.pem")  # fmt: skip
        except subprocess.CalledProcessError:
            if days != "-1":
                raise
    return folder


def server(scratch, certificates, name, port):
    return Redis(
        scratch / f"tls-{name}", "--tls-port", port, "--tls-cert-file", certificates / f"{name}.pem", "--tls-key-file",
        certificates / f"{name}.key", "--tls-ca-cert-file", certificates / "ca.pem", "--tls-auth-clients", "no",
        "--bind", "127.0.0.1", "::1",
    ).start()  # fmt: skip


def cluster(folder, certificates, name):
    """Three nodes that speak TLS only, to each other too."""
    files = ("--tls-cert-file", certificates / f"{name}.pem", "--tls-key-file", certificates / f"{name}.key")
    return Cluster(
        folder, replicas=0, is_tls=True,
        options=(*files, "--tls-ca-cert-file", certificates / "ca.pem", "--tls-auth-clients", "optional",
                 "--tls-cluster", "yes"),
    )  # fmt: skip


def test_a_cluster_is_reached_through_tls_at_every_node(scratch, certificates, machines):
    made = cluster(scratch / "tls-cluster", certificates, "node")
    try:
        made.start()
        a, b = machines.two(made.url, "--remote-ca-file", certificates / "ca.pem")
        for key in range(60):
            a.put(key, key)
        wait_until(lambda: a.remote["puts"] == 60)
        found = b("mget", fn="f", keys=list(range(60)))["results"]
        assert [entry.get("value") for entry in found] == list(range(60))
        assert sum(bool(node("DBSIZE")) for node in made.nodes) == 3
        assert all(node["address"].startswith("127.0.0.1:") and node["state"] == "up" for node in b.remote["nodes"])
        assert a.clear() == "done"
        wait_until(lambda: b.get(1) is None, seconds=1, what="the clear is heard")
        # Who trusts others sees nothing of it.
        stranger = machines.make(made.url, "--remote-ca-file", certificates / "other.pem").start(is_up=False)
        wait_until(lambda: "TLS" in stranger.remote.get("reason", ""), what="it says why")
        assert stranger.get(1) is None
    finally:
        made.stop()


def test_nodes_whose_certificates_are_for_another_address_are_not_used(scratch, certificates, machines):
    made = cluster(scratch / "tls-other", certificates, "server")
    try:
        made.start()
        a = machines.make(made.url, "--remote-ca-file", certificates / "ca.pem").start(is_up=False)
        wait_until(lambda: "TLS" in a.remote.get("reason", ""), what="it says why")
        a.put(1, "v")
        assert a.get(1) == "v" and a.remote["state"] == "down"
    finally:
        made.stop()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_server_whose_certificate_is_right_is_used(scratch, certificates, machines):
    port = free_port()
    redis = server(scratch, certificates, "server", port)
    try:
        options = ("--remote-ca-file", certificates / "ca.pem")
        a, b = machines.two(f"rediss://localhost:{port}", *options)
        a.put(1, "v")
        wait_until(lambda: b.get(1) == "v")
        # As is one that wants to see ours.
        redis("CONFIG", "SET", "tls-auth-clients", "yes")
        c = machines.make(
            f"rediss://localhost:{port}", *options, "--remote-certificate-file", certificates / "client.pem",
            "--remote-certificate-key-file", certificates / "client.key",
        ).start()  # fmt: skip
        assert c.get(1) == "v"
    finally:
        redis.stop()


@pytest.mark.parametrize("name, ca", [("server", "other"), ("wrong", "ca"), ("expired", "ca")])
def test_one_that_cannot_show_who_it_is_is_not(scratch, certificates, machines, name, ca):
    if not (certificates / f"{name}.pem").exists():
        pytest.skip("this openssl makes no certificate that is over")
    port = free_port()
    redis = server(scratch, certificates, name, port)
    try:
        a = machines.make(
            f"rediss://localhost:{port}", "--remote-ca-file", certificates / f"{ca}.pem"
        ).start(is_up=False)  # fmt: skip
        wait_until(lambda: "TLS" in a.remote.get("reason", ""), what="it says why")
        a.put(1, "v")
        assert a.get(1) == "v" and a.remote["state"] == "down" and not redis("KEYS", "*")
    finally:
        redis.stop()
