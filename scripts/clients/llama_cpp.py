"""Lets llama.cpp's tests of its server meet another one: a plugin of pytest. FOVEA_OPEN and FOVEA_KEYED are the ports of a server without keys and of
one with theirs, FOVEA_PICTURES is a folder. `python llama_cpp.py FOLDER` first says otherwise, in a copy of the tests, what is true of
their model or their server alone."""
import base64
import os
import pathlib
import re
import sys

# Behind each: what is in its place.
FACTS = [
    # Their model's texts are held to by match_regex, its numbers and the build's name by lines of their own.
    (r"^ *assert .*(system_fingerprint|== n_prompt$|\"llama-test-model\").*\n", ""),
    # OpenAI's streams begin with an empty text, theirs with none at all.
    (r"(\[\"content\"\]|delta\.content) is None", r'\1 in (None, "")'),
    (r"(if choice\['delta'\]\.get\('content'\)) is not None", r"\1"),
    # OpenAI's names of errors.
    (r'\["type"\] == "authentication_error"', '["code"] == "invalid_api_key"'),
    (r'\["type"\] == "exceed_context_size_error"', '["code"] == "context_length_exceeded"'),
    (r"^ *assert .*(n_prompt_tokens|server\.n_ctx|server\.n_slots|\"n_ctx\").*\n", ""),
    # The demo model has more positions than theirs.
    (r"\] \* 100,", "] * 500,"),
    # Their paths are there without /v1 too.
    (r'server_port\}"\)', 'server_port}/v1")'),
    # A slot of theirs.
    (r'^ *"id_slot": 0,\n', ""),
]

TESTS = """
test_basic.py::test_server_start_simple
test_chat_completion.py::test_chat_completion
test_chat_completion.py::test_chat_completion_stream
test_chat_completion.py::test_chat_completion_with_openai_library
test_chat_completion.py::test_chat_template_continue_final_message_mutual_exclusion
test_chat_completion.py::test_completion_with_response_format
test_chat_completion.py::test_invalid_chat_completion_req
test_chat_completion.py::test_logprobs
test_chat_completion.py::test_logprobs_stream
test_chat_completion.py::test_context_size_exceeded
test_chat_completion.py::test_context_size_exceeded_stream
test_chat_completion.py::test_chat_completions_multiple_choices
test_compat_oai_responses.py::test_responses_with_openai_library
test_compat_oai_responses.py::test_responses_stream_with_openai_library
test_completion.py::test_completion_with_openai_library
test_completion.py::test_completion_stream_with_openai_library
test_security.py::test_access_public_endpoint
test_security.py::test_incorrect_api_key
test_security.py::test_openai_library_correct_api_key
test_security.py::test_local_media_file
test_tool_call.py::test_completion_without_tool_call_fast
test_vision_api.py::test_vision_chat_completion
""".split()

# Of these: schemas in json_object, conversations that end with two answers and are refused, files of the server's machine.
OTHERS = """
test_chat_completion.py::test_completion_with_response_format[response_format0
test_chat_completion.py::test_completion_with_response_format[response_format1
test_chat_completion.py::test_invalid_chat_completion_req[messages7
test_security.py::test_local_media_file[../../../tools-file://mtmd/test-1.jpeg
test_security.py::test_local_media_file[../../../tools-file:////mtmd
""".split()

if __name__ == "__main__":
    for file in pathlib.Path(sys.argv[1]).rglob("*.py"):
        text = file.read_text()
        for fact, instead in FACTS:
            text = re.sub(fact, instead, text, flags=re.MULTILINE)
        file.write_text(text)
    print(*("unit/" + test for test in TESTS), *("--deselect=unit/" + test for test in OTHERS))
    sys.exit()

import pytest
import utils

WITHOUT_V1 = ("/chat/completions", "/completions", "/models", "/responses")


def start(server, timeout_seconds=0):
    server.server_port = int(os.environ["FOVEA_KEYED" if server.api_key else "FOVEA_OPEN"])


def make_url(server, path, host=None):
    return f"http://127.0.0.1:{server.server_port}" + ("/v1" + path if path in WITHOUT_V1 else path)


def naming(send):
    def sent(server, method, path, data=None, headers=None, **more):
        # Their server has one model, which a test starts with a template for tools, or gives a length.
        if data is not None and path.endswith("/chat/completions"):
            data = {"max_tokens": server.n_predict or 64, **data}
            if "tool" in (server.model_alias or ""):
                data["model"] = "tools"
        return send(server, method, path, data, headers, **more)

    return sent


utils.ServerProcess.start = start
utils.ServerProcess.stop = lambda server: None
utils.ServerProcess.make_url = make_url
utils.ServerProcess.make_request = naming(utils.ServerProcess.make_request)
utils.ServerProcess.make_stream_request = naming(utils.ServerProcess.make_stream_request)
utils.ServerPreset.load_all = staticmethod(lambda: None)
utils.match_regex = lambda regex, text: isinstance(text, str)


@pytest.fixture(autouse=True)
def pictures(request, monkeypatch):
    """Theirs lie on a host of their own; those given as bytes are the demo's here."""
    if hasattr(request.module, "get_img_url"):
        def url(name):
            if not name.startswith("IMG"):
                return name
            file = pathlib.Path(os.environ["FOVEA_PICTURES"], "one.png" if name.endswith("0") else "two.png")
            return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()

        monkeypatch.setattr(request.module, "get_img_url", url)
