"""The sheet that tells people how a phone or PC comes to trust the house's certificate authority."""

from __future__ import annotations

from ops_console.adapters.documents.papers import Papers
from ops_console.adapters.qr_codes import qr_svg

WORDS = {
    "title": "运维控制台：手机和电脑安装证书",
    "why": "控制台用本院自建的证书加密。每台手机和电脑装一次，之后扫码报修、拍照和签字不再提示不安全。",
    "get": "第一步：扫左边的码下载证书（ca.crt）",
    "open": "第二步：装好后扫右边的码打开控制台",
    "compare": "安装前核对 SHA-256 指纹（逐段比对，不一致不要安装）",
    "limits": "这张证书只能为下列名称作证，不能用来查看其他网站：",
    "foot": "不再使用时，请在同一处删除这张证书。",
}
STEPS = (
    ("安卓", "设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书，选择下载的 ca.crt。"),
    (
        "苹果",
        "用 Safari 下载并允许；设置 → 通用 → VPN 与设备管理 → 安装；再到 通用 → 关于本机 → 证书信任设置 中打开。",
    ),
    ("Windows", "双击 ca.crt → 安装证书 → 本地计算机 → 将所有的证书都放入下列存储 → 受信任的根证书颁发机构。"),
    (
        "统信、麒麟",
        "复制到 /usr/local/share/ca-certificates/，运行 sudo update-ca-certificates；"
        "浏览器另在 设置 → 证书 → 授权机构 中导入。",
    ),
)


def install_sheet(public_url: str, authority_url: str, fingerprint: str, names: tuple[str, ...]) -> bytes:
    """Given the console's address, where the authority is fetched, its fingerprint and names, return one A4 page."""
    data = {
        "words": WORDS, "url": public_url, "authority": authority_url, "names": "、".join(names),
        "fingerprint": fingerprint, "steps": [{"system": system, "text": text} for system, text in STEPS],
        "qr_authority": qr_svg(authority_url), "qr_url": qr_svg(public_url),
    }  # fmt: skip
    return Papers().pdf("install", data)
