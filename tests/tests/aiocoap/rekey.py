"""Fresh keys by appendix B.2 of RFC 8613, with aiocoap's contexts: it has all but the appendix.

    rekey.py node SECRET SALT NODE_ID PORT   asks the master at a port of loopback
    rekey.py master SECRET SALT NODE_ID      says its port, and answers a node

What is secret, salt and id is in hexadecimal digits; the id of the master is empty. Whoever
reads a 2.04 at the end prints its payload.
"""

import os
import socket
import sys

import cbor2
from aiocoap import ACK, CHANGED, CON, GET, UNAUTHORIZED, Message, oscore

PATIENCE = 60


class Context(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):
    """Keys of an ID Context, which messages name by a part of it."""

    alg_aead = oscore.algorithms["AES-CCM-16-64-128"]
    hashfun = oscore.hashfunctions["sha256"]
    echo_recovery = None

    def __init__(self, keying, id_context, name):
        secret, salt, self.sender_id, self.recipient_id = keying
        self.id_context = id_context
        self.derive_keys(salt, secret)
        # From here on it is what stands in messages: a byte string of CBOR.
        self.id_context = cbor2.dumps(name)
        self.sender_sequence_number = 0
        self.recipient_replay_window = oscore.ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()

    def post_seqnoincrease(self):
        pass


def name_in(message):
    _, _, unprotected, _ = oscore.CanUnprotect._extract_encrypted0(message)
    return cbor2.loads(unprotected[oscore.COSE_KID_CONTEXT])


def with_name(message, name):
    """aiocoap names no context in a response."""
    flags, partial_iv = message.opt.oscore[0], message.opt.oscore[1:]
    name = cbor2.dumps(name)
    message.opt.oscore = bytes([flags | 0x10]) + partial_iv + bytes([len(name)]) + name


def ask(line, context, number):
    request, of_request = context.protect(Message(code=GET, uri_path=["p"]))
    request.mtype, request.mid, request.token = CON, number, b"\x77"
    line.send(request.encode())
    return Message.decode(line.recv(2048)), of_request


def be_node(keying, port):
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(PATIENCE)
    line.connect(("127.0.0.1", port))
    r1, r3 = os.urandom(8), os.urandom(8)
    response, of_request = ask(line, Context(keying, r1, r1), 1)
    r2 = name_in(response)
    challenge, _ = Context(keying, r2 + r1, r2).unprotect(response, of_request)
    assert challenge.code == UNAUTHORIZED, challenge
    established = Context(keying, r2 + r3, r2 + r3)
    response, of_request = ask(line, established, 2)
    plain, _ = established.unprotect(response, of_request)
    assert plain.code == CHANGED, plain
    print(plain.payload.decode())


def be_master(keying):
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(PATIENCE)
    line.bind(("127.0.0.1", 0))
    print(line.getsockname()[1], flush=True)

    def answer(context, request, of_request, response, peer, name=None):
        response, _ = context.protect(response, of_request)
        if name is not None:
            with_name(response, name)
        response.mtype, response.mid, response.token = ACK, request.mid, request.token
        line.sendto(response.encode(), peer)

    bytes_, peer = line.recvfrom(2048)
    request = Message.decode(bytes_)
    r1, r2 = name_in(request), os.urandom(8)
    _, of_request = Context(keying, r1, r1).unprotect(request)
    # The nonce of the request is of other keys.
    of_request.can_reuse_nonce = False
    answer(Context(keying, r2 + r1, r2), request, of_request, Message(code=UNAUTHORIZED), peer, r2)

    bytes_, peer = line.recvfrom(2048)
    request = Message.decode(bytes_)
    name = name_in(request)
    assert name.startswith(r2) and not name.endswith(r1), name
    established = Context(keying, name, name)
    plain, of_request = established.unprotect(request)
    assert plain.opt.uri_path == ("p",), plain
    answer(established, request, of_request, Message(code=CHANGED, payload=b"thank you"), peer)


def main():
    secret, salt, node = map(bytes.fromhex, sys.argv[2:5])
    if sys.argv[1] == "node":
        be_node((secret, salt, node, b""), int(sys.argv[5]))
    else:
        be_master((secret, salt, b"", node))


main()
