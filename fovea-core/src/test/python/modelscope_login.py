"""Records logins that ModelScope's own tool stores, for ModelScopeLoginTest: pip install modelscope-hub==0.4.6 requests.

    python modelscope_login.py ../resources/golden/modelscope-logins.json
"""

import base64
import json
import pickle
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from modelscope_hub.config import HubConfig
from requests.cookies import RequestsCookieJar

logins = {}


def stored(now):
    with tempfile.TemporaryDirectory() as folder, mock.patch("time.time", return_value=now):
        HubConfig(config_dir=Path(folder), cache_dir=Path(folder)).save_token("ms-0123456789abcdef")
        return Path(folder, "credentials", "cookies").read_bytes()


logins["valid"] = stored(4_000_000_000)
logins["expired"] = stored(1_000_000_000)
jar = RequestsCookieJar()
jar.set("csrf_session", "x", domain="modelscope.cn")
jar.set("m_session_id", "ms-among-others", domain="modelscope.cn", expires=4_000_000_000)
jar.set("m_session_id", "ms-of-another-host", domain="example.org")
logins["several"] = pickle.dumps(jar)
for protocol in range(2, 6):
    logins[f"protocol {protocol}"] = pickle.dumps(pickle.loads(logins["valid"]), protocol)
logins["nobody"] = pickle.dumps(RequestsCookieJar())
Path(sys.argv[1]).write_text(
    json.dumps({k: base64.b64encode(v).decode() for k, v in logins.items()}, indent=1) + "\n"
)
