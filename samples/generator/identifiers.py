"""Format-valid, invented identifiers: company codes, identity and card numbers, telephones.

Check digits follow GB 32100-2015 (USCC), GB 11714-1997 (organisation code), GB 11643 (resident
id), ISO 7064 MOD 11,10 (15-digit registration number) and Luhn (bank cards). Written apart from
the product's own checks, so that each can find the other's faults.
"""

from datetime import date, timedelta
from random import Random

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_MOBILE_PREFIXES = (
    130, 131, 132, 133, 135, 136, 137, 138, 139, 147, 150, 151, 152, 153,
    155, 156, 157, 158, 159, 166, 173, 176, 177, 178, 180, 181, 182, 183,
    185, 186, 187, 188, 189, 191, 193, 198, 199,
)  # fmt: skip


def uscc_check(body: str) -> str:
    """The 18th character for the first 17."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def organisation_check(body: str) -> str:
    """The ninth character of an organisation code for its first eight (A=10 … Z=35)."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    rest = 11 - total % 11
    return "0" if rest == 11 else "X" if rest == 10 else str(rest)


def uscc(random: Random, region: str, kind: str = "91", *, digits: bool = False) -> str:
    """A valid code: `kind` is authority and class (91 company, 92 sole trader).

    With `digits` it consists of digits only, as old codes do that Excel then damages.
    """
    while True:
        if digits or random.random() < 0.25:
            body = f"{random.randint(10_000_000, 79_999_999)}"
        else:
            body = "MA" + "".join(random.choices(USCC_ALPHABET, k=6))
        code = f"{kind}{region}{body}{organisation_check(body)}"
        code += uscc_check(code)
        if not digits or code.isdigit():
            return code


def registration_number(random: Random, region: str) -> str:
    """A valid 15-digit business registration number."""
    body = f"{region}{random.randint(1_000_000, 99_999_999):08d}"
    product = 10
    for digit in body:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return f"{body}{(11 - product) % 10}"


def resident_id(random: Random, region: str) -> str:
    """A valid 18-character identity number of an adult who never was."""
    born = date(1962, 1, 1) + timedelta(days=random.randrange(365 * 38))
    body = f"{region}{born:%Y%m%d}{random.randint(1, 999):03d}"
    total = sum(int(c) * w for c, w in zip(body, _RESIDENT_WEIGHTS, strict=True))
    return body + _RESIDENT_CHECKS[total % 11]


def bank_card(random: Random) -> str:
    """A 19-digit card number that passes the Luhn check."""
    body = "62" + "".join(random.choices("0123456789", k=16))
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return f"{body}{-total % 10}"


def mobile(random: Random) -> str:
    """An 11-digit mobile number with a prefix in use."""
    return f"{random.choice(_MOBILE_PREFIXES)}{random.randrange(10**8):08d}"


def landline(random: Random, area: str) -> str:
    """A landline `area-number`: eight digits, as in the cities of these samples; Xiamen has seven.

    As many digits are drawn as ever, so that the same seed gives the same world.
    """
    drawn = 7 if area in ("0371", "0411") else 8
    number = f"{random.randint(2, 8)}{random.randrange(10 ** (drawn - 1)):0{drawn - 1}d}"
    if drawn == 7:
        number += str(sum(map(int, number)) % 10)
    return f"{area}-{number[:7] if area == '0592' else number}"


def off_by_one(random: Random, number: str) -> str:
    """The number with one of its last three digits changed: similar, not equal."""
    place = len(number) - random.randint(1, 3)
    digit = (int(number[place]) + random.randint(1, 9)) % 10
    return f"{number[:place]}{digit}{number[place + 1 :]}"
