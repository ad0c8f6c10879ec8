"""One address for one page: tracking, mobile and AMP variants, redirectors that show their target, ports, case and fragments."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit, urlunsplit

# Parameters that say where a reader came from, never which page it is. docs/clustering.md lists them for users.
_TRACKING_NAMES = """
    fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid li_fat_id igsh igshid mc_cid mc_eid
    mkt_tok _hsenc _hsmi __hstc __hssc hsctatracking vero_id oly_anon_id oly_enc_id wickedid xtor ncid cmpid cmp
    s_cid smid sr_share trk trackingid guccounter guce_referrer guce_referrer_sig ref ref_src ref_url referer
    referrer refer from from_source fromsource source spm scm spm_id_from vd_source share_source share_medium
    share_token share_from share_to_user_id share_id sharer_shareid sharer_sharetime sharer_shareinfo shareuid
    shareid nsukey isappinstalled scene clicktime enterid chksm wxfid wx wxshare_count weibo_id subscene ascene
    devicetype exportkey pass_ticket hmsr hmpl hmcu hmkw hmci pvid utm _ga _gl taid partner_share at_medium
    at_campaign at_custom1 outputtype amp rss rssfeed
"""
TRACKING = frozenset(_TRACKING_NAMES.split())
TRACKING_PREFIXES = (
    "utm_",
    "pk_",
    "mtm_",
    "piwik_",
    "matomo_",
    "wt.",
    "share_",
    "ns_",
    "itm_",
    "hsa_",
    "__twitter_",
    "stm_",
)

MOBILE = ("www.", "m.", "mobile.", "wap.", "3g.", "touch.", "amp.")
"""First labels of a host that give the same page in another dress."""

SAME_HOST = {
    "twitter.com": "x.com",
    "hf.co": "huggingface.co",
    "old.reddit.com": "reddit.com",
    "new.reddit.com": "reddit.com",
    "youtube-nocookie.com": "youtube.com",
    "fixupx.com": "x.com",
    "vxtwitter.com": "x.com",
    "export.arxiv.org": "arxiv.org",
}

# Redirectors that carry the target in their own address: host, path where it matters, parameter.
REDIRECTORS = {
    ("google.com", "/url"): ("q", "url"),
    ("l.facebook.com", "/l.php"): ("u",),
    ("lm.facebook.com", "/l.php"): ("u",),
    ("l.instagram.com", ""): ("u",),
    ("out.reddit.com", ""): ("url",),
    ("t.umblr.com", "/redirect"): ("z",),
    ("youtube.com", "/redirect"): ("q",),
    ("linkedin.com", "/redir/redirect"): ("url",),
    ("steamcommunity.com", "/linkfilter"): ("url", "u"),
    ("slack-redir.net", "/link"): ("url",),
    ("link.zhihu.com", ""): ("target",),
    ("link.juejin.cn", ""): ("target",),
    ("link.csdn.net", ""): ("target",),
    ("link.jianshu.com", ""): ("t",),
    ("sspai.com", "/link"): ("target",),
    ("oschina.net", "/action/gotolink"): ("url",),
    ("gitee.com", "/link"): ("target",),
    ("weibo.cn", "/sinaurl"): ("u", "toasturl"),
    ("getpocket.com", "/redirect"): ("url",),
}

_DEFAULT_PORT = {"http": 80, "https": 443}
_AMP_CACHE = re.compile(r"^/(?:amp|[acvi])/(s/)?([^/]+\.[^/]+/.*)$")
_AMP_END = re.compile(r"(?:/amp|/amp\.html|\.amp)$|\.amp(?=\.html?$)")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$")
_ARXIV = re.compile(r"^/(?:abs|pdf|html)/(\d{4}\.\d{4,5}|[a-z.-]+/\d{7})(?:v\d+)?(?:\.pdf)?$")
_YOUTUBE = re.compile(r"^/(?:shorts|embed|live)/([\w-]{11})$")
_TWEET = re.compile(r"^/(?:[^/]+|i/web)/status(?:es)?/(\d+)")
_HOPS = 3


def canonical(url: str) -> str | None:
    """The one address of a page, or None for what is no web address. Scheme `https` whether it was seen with or without."""
    parts = _split(url)
    for _ in range(_HOPS):
        target = _split(_target(parts) or "") if parts else None
        if target is None:
            break
        parts = target
    return _assemble(parts) if parts else None


def _split(url: str) -> SplitResult | None:
    url = "".join(url.split()) if "\n" in url or "\t" in url else url.strip()
    if url.startswith("//"):
        url = "https:" + url
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return None
    if parts.scheme.lower() not in _DEFAULT_PORT or not host:
        return None
    host = _same(_ascii(host))
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    return SplitResult("https", host, parts.path or "/", parts.query, parts.fragment)


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _same(host: str) -> str:
    """The host without the first label that only says which dress the page wears."""
    if host.count(".") > 1:
        for label in MOBILE:
            if host.startswith(label) and host.count(".") > 1:
                host = host.removeprefix(label)
                break
    return SAME_HOST.get(host, host)


def _target(parts: SplitResult) -> str | None:
    """Where a redirector leads, where its own address says so."""
    if parts.netloc.endswith(".cdn.ampproject.org") or parts.netloc == "google.com":
        cached = _AMP_CACHE.match(parts.path)
        if cached:
            return f"https://{cached[2]}" + (f"?{parts.query}" if parts.query else "")
    names = REDIRECTORS.get((parts.netloc, parts.path.rstrip("/").lower())) or REDIRECTORS.get((parts.netloc, ""))
    if names is None:
        return None
    query = dict(_pairs(parts.query))
    target = next((query[n] for n in names if n in query), "")
    return target if target.startswith(("http://", "https://", "//")) else None


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=200, errors="replace")
    except ValueError:
        return []


def _assemble(parts: SplitResult) -> str:
    host, path, query = _known_shapes(parts.netloc, _tidy_path(parts.path), parts.query)
    kept = sorted((name, value) for name, value in _pairs(query) if not _is_tracking(name))
    words = "&".join(f"{_quote(name)}={_quote(value)}" if value else _quote(name) for name, value in kept)
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("https", host, path, words, fragment))


def _tidy_path(path: str) -> str:
    path = quote(unquote(path, errors="replace"), safe="/:@!$&'()*+,;=~-._")
    path = _AMP_END.sub("", path.rstrip("/"))
    return _INDEX.sub("", path).rstrip("/") or "/"


def _known_shapes(host: str, path: str, query: str) -> tuple[str, str, str]:
    """Sites that give one page under several paths."""
    if host == "youtu.be":
        return "youtube.com", "/watch", f"v={path.strip('/')}"
    if host == "youtube.com" and (video := _YOUTUBE.match(path)):
        return host, "/watch", f"v={video[1]}"
    if host == "arxiv.org" and (paper := _ARXIV.match(path)):
        return host, f"/abs/{paper[1]}", ""
    if host == "x.com" and (post := _TWEET.match(path)):
        return host, f"/i/status/{post[1]}", ""
    if host == "redd.it" and path != "/":
        return "reddit.com", f"/comments{path}", ""
    if host == "reddit.com" and (thread := re.match(r"^/r/[^/]+(/comments/[a-z0-9]+)", path)):
        return host, thread[1], ""
    return host, path, query


def _is_tracking(name: str) -> bool:
    low = name.lower()
    return low in TRACKING or low.startswith(TRACKING_PREFIXES)


def _quote(word: str) -> str:
    return quote(word, safe="/:@!$'()*,;~-._")
