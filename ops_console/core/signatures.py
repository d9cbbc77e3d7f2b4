"""Signing a month: the methods by their strength, what a party may say when it signs, and when a month is locked.

Not for checking a cryptographic signature (an adapter) nor for storing.
"""

from __future__ import annotations

LOGIN, OFFLINE_KEY, WEBAUTHN, PAPER = "login", "offline_key", "webauthn", "paper"
METHODS = (LOGIN, OFFLINE_KEY, WEBAUTHN, PAPER)
METHOD_NAMES = {LOGIN: "登录确认", OFFLINE_KEY: "硬件密钥签名", WEBAUTHN: "硬件密钥签名", PAPER: "纸质盖章"}
# How a month was locked.
BOTH, WITHOUT_VENDOR = "both", "without_vendor"
OUTCOME_NAMES = {BOTH: "双方已签署", WITHOUT_VENDOR: "甲方单方认定，乙方未签"}
