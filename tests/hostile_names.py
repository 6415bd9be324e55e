"""Names that were made to do harm: to leave a folder, to be taken for something else, to break a parser."""

from urllib.parse import quote

_OUT = ["..", "../canary", "../../canary", "../../../../../../etc/passwd", "a/../../canary",
    "a/b/../../../canary", "./..", "../", "/..", "..;/canary", "....//canary", "..././canary", ".../canary",
    "a/..", "./canary", "."]  # fmt: skip
_ABSOLUTE = ["/", "//", "/etc/passwd", "//etc/passwd", "/canary", "///canary", "/dev/null", "/dev/stdin",
    "/proc/self/mem", "/proc/self/environ", "C:", "C:\\", "C:/Windows/win.ini", "c:canary",
    "\\\\server\\share\\x", "//server/share", "\\\\?\\C:\\x", "\\\\.\\PhysicalDrive0", "file:///etc/passwd",
    "http://127.0.0.1/", "s3://bucket/key", "~", "~/canary", "~root", "~root/.ssh/id_rsa", "$HOME",
    "${HOME}/canary", "%USERPROFILE%"]  # fmt: skip
_SEGMENTS = ["a//b", "a/", "/a", "a/./b", "a/ /b", " ", "  ", " a", "a ", "a\t", "a/b ", "a. ", "a.", "a..",
    "...", "....", "a/b.", "a/.", "a:b", "a:$DATA", "a::$INDEX_ALLOCATION", "a.txt:stream", "a|b", "a<b", "a>b",
    "a*b", "a?b", 'a"b', "a'b", "a`b", ""]  # fmt: skip
_ENCODED = ["%2e%2e", "%2e%2e/canary", "%2e%2e%2fcanary", "..%2fcanary", "..%5ccanary", "%252e%252e%252fcanary",
    "%c0%ae%c0%ae/canary", "%c0%ae%c0%ae%c0%afcanary", "%e0%80%ae%e0%80%ae/canary", "%uff0e%uff0e/canary",
    "..%c0%afcanary", "..%c1%9ccanary", "%00", "a%00.txt", "%0a", "%2F", "%5C", "%", "%%", "%zz", "&#46;&#46;/",
    "\\u002e\\u002e/", "\\x2e\\x2e/", "=2E=2E/", "+AC4ALgAv-", "Li4vY2FuYXJ5"]  # fmt: skip
_BACKSLASHES = ["\\", "..\\canary", "..\\..\\canary", "a\\..\\..\\canary", "\\canary", "a\\b", "a\\",
    ".\\canary", "..\\/canary", "../\\canary", "\\..\\canary"]  # fmt: skip
_CONTROL = [f"a{chr(code)}b" for code in (*range(32), 0x7F, *range(0x80, 0xA0))] + [ "\0", "\0\0\0",
    "canary\0.txt", "../canary\0", "\r\n", "a\r\nSet-Cookie: b", "a\n\nb", "\x1b[2J", "\x1b]0;title\x07", ]  # fmt: skip
_LOOKALIKE = ["․․/canary", "‥/canary", "…", "．．／canary", "..∕canary", "..⁄canary", "..⧸canary", "..＼canary",
    "..﹨canary", "/canary".replace("/", "╱"), "іris", "irіs", "ⅰris", "ｉｒｉｓ", "ïris", "iris\u0301", "ıris",
    "İris", "ﬁle", "ſ", "K", "ß", "iris\u3164", "\u2126", "𝒾𝓇𝒾𝓈", "花", "🌸", "👨‍👩‍👧"]  # fmt: skip
_INVISIBLE = [f"iris{each}" for each in ( "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u2000",
    "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d",
    "\u202e", "\u202f", "\u205f", "\u2060", "\u2061", "\u2066", "\u2067", "\u2068", "\u2069", "\u206f", "\u3000",
    "\ufeff", "\ufffc", "\ufffd", "\ufffe", "\uffff", "\U000e0001", "\U000e0041", "\U0010ffff", "\ue000", )] + [
    "\u202egpj.exe",
    "\ufeff", "\u200b", "\u0300", "Z\u0300\u0301\u0302\u0303" * 50]  # fmt: skip
_DEVICES = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", "KEYBD$", "COM0", "COM1", "COM9", "COM¹",
    "LPT0", "LPT1", "LPT9", "nul", "Nul.txt", "con.onnx", "aux.h", "COM1.tar.gz", "CON ", "NUL.", "a/NUL",
    "a/CON/b", "desktop.ini", "Thumbs.db", ".DS_Store", ".git", ".git/config", ".env", ".ssh/authorized_keys",
    ".htaccess", "registry.db", "../registry.db", "registry.db-wal", "blobs", "uploads", "sha256",
    "latest", "-"]  # fmt: skip
_OPTIONS = ["-", "--", "-rf", "--help", "-rf /", "--to=/canary", "--version", "-oProxyCommand=true",
    "--checkpoint-action=exec=sh", "@canary", "@/etc/passwd", "+x", "-e", "=1+1", "=cmd|'/C calc'!A0", "!", "!!",
    "#", "# a"]  # fmt: skip
_TEMPLATES = ["{}", "{0}", "{0.__class__}", "{self}", "%s", "%n%n%n", "%d", "%(x)s", "${x}", "$(touch canary)",
    "`touch canary`", "; touch canary", "| touch canary", "& touch canary", "&& touch canary", "> canary",
    "{{7*7}}", "{{config}}", "{% raw %}", "<%= 7 %>", "#{7*7}", "${7*7}", "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(1)</script>", "<!--", "]]>", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    "javascript:alert(1)", "\\", "*", "?", "[a-z]", "**/*", "{a,b}", "a b", "a;b", "a&b", "a=b", "a,b", "a#b",
    "null", "None", "undefined", "NaN", "true", "0", "-1", "1e309", "0x41", "[]", '{"a":1}', "__proto__",
    "__class__", "__init__"]  # fmt: skip
_SQL = ["'", "''", '"', "`", "' OR '1'='1", "'; DROP TABLE model; --", '" OR ""="', "1; DELETE FROM version",
    "\\'", "%' OR 1=1 --", "_", "a_b%", "') UNION SELECT * FROM request --", "'||(SELECT 1)||'", "/*", "*/",
    "--", "x'--", "\\0", ";"]  # fmt: skip
_LONG = ["a" * 256, "a" * 1025, "a" * 10_000, "../" * 3334, "a/" * 5000 + "a", "/" * 10_000, "." * 10_000, "花" *
    3400, "%2e%2e%2f" * 1000, "\0" * 10_000, "e\u0301" * 5000, "\\" * 10_000, "a" * 255 + "/" + "b" * 256, "(" *
    10_000, "[" * 10_000, "{" * 10_000, "NOT " * 2500, "a = " * 2500, '"' * 10_000]  # fmt: skip

HOSTILE_NAMES: tuple[str, ...] = tuple( dict.fromkeys( _OUT + _ABSOLUTE + _SEGMENTS + _ENCODED + _BACKSLASHES +
    _CONTROL + _LOOKALIKE + _INVISIBLE + _DEVICES + _OPTIONS + _TEMPLATES + _SQL + _LONG + [quote(name, safe="")
    for name in _OUT] ) )  # fmt: skip

NO_UTF_8: tuple[bytes, ...] = (
    b"\xc0\xae\xc0\xae/canary",
    b"..\xc0\xafcanary",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
)
"""Bytes that are no text at all, overlong forms of dots and slashes among them."""
