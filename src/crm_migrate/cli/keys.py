"""`keys init`, `keys add-person` and `keys remove-person`."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from crm_migrate.cli.folder import project_folder
from crm_migrate.cli.output import Output, verb_options
from crm_migrate.cli.session import opened
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.trust.people import TrustFile
    from crm_migrate.trust.setup import NewPerson
    from crm_migrate.trust.wrapping import Protection

INIT_HELP = Text(
    """Make the project's secrets and the signing keys of people.

The keyring stands in the state folder, readable by you alone. Each file is protected by a
passphrase (Argon2id): the project's from CRM_MIGRATE_PASSPHRASE, a person's from
CRM_MIGRATE_PASSPHRASE_<ID>, else you are asked. Back the folder up: without it nothing that was
sealed can be opened.

Whoever founds the trust file can add people to it. On a real target that is an administrator, who
neither plans nor applies; a sandbox is founded by its operator.

\b
Examples:
  crm-migrate keys init --person chen:administrator:陈管理:信息部 \\
    --person li:operator:李操作:信息部 --person wang:approver:王审批:销售部
  crm-migrate keys init --no-passphrase        # protected by file mode 0600 only
""",
    """创建项目密钥与人员签名密钥。

密钥环位于状态目录,仅本人可读。各文件以口令保护(Argon2id):项目口令取自 CRM_MIGRATE_PASSPHRASE,
人员口令取自 CRM_MIGRATE_PASSPHRASE_<ID>,否则会提示输入。请备份该目录:丢失后已加密的数据无法打开。

信任文件的建立者可以添加人员:真实目标须由系统管理员建立(其不编制、不执行计划);沙箱由操作员建立。

\b
示例:
  crm-migrate keys init --person chen:administrator:陈管理:信息部 \\
    --person li:operator:李操作:信息部 --person wang:approver:王审批:销售部
  crm-migrate keys init --no-passphrase        # 仅以文件权限 0600 保护
""",
)
PERSON = Text(
    "ID:ROLE[:NAME[:DEPARTMENT]]; an administrator may add others",
    "标识:角色[:姓名[:部门]];系统管理员可添加其他人",
)
NO_PASSPHRASE = Text("protect by file mode alone", "仅以文件权限保护")


@click.group(help=str(Text("Make keys and people.", "创建密钥与人员。")))
def keys() -> None:
    """The group of key verbs."""


@keys.command(help=str(INIT_HELP))
@click.option("--person", "persons", multiple=True, help=str(PERSON))
@click.option("--no-passphrase", is_flag=True, help=str(NO_PASSPHRASE))
@verb_options
@click.pass_context
def init(ctx: click.Context, persons: tuple[str, ...], no_passphrase: bool, out: Output) -> None:
    """Make the keyring and the trust file."""
    from crm_migrate.project import load_project
    from crm_migrate.trust.roles import ROLE_LABELS
    from crm_migrate.trust.setup import parse_person, set_up_keys

    project = load_project(project_folder(ctx))
    sandbox = project.settings.target.sandbox
    role = "operator" if sandbox else "administrator"
    new = [parse_person(text) for text in persons or (f"{os.environ.get('USER') or role}:{role}",)]
    if not sandbox:
        _require_administrator(new)
    _, trust = set_up_keys(project.state, new, _protector(no_passphrase))
    rows = [(p.id, p.name, str(ROLE_LABELS[p.role]), p.department) for p in trust.people]
    head = ("ID", Text("name", "姓名"), Text("role", "角色"), Text("department", "部门"))
    out.table(Text("people of the project", "项目人员"), head, rows, numbers_from=9)
    if no_passphrase:
        out.say(Text(
            "The keys are protected by file mode 0600 only.", "密钥仅以文件权限 0600 保护。"
        ), "yellow")  # fmt: skip
    out.say(Text(f"keyring: {project.state / 'keyring'}", f"密钥环：{project.state / 'keyring'}"))
    lacking = _lacking(trust, sandbox)
    if lacking:
        out.say(lacking, "yellow")
    add = f"crm-migrate keys add-person … --by {trust.people[0].id}"
    out.next_step(add if lacking else "crm-migrate plan")
    out.result({
        "keyring": str(project.state / "keyring"),
        "people": [{"id": p.id, "role": str(p.role)} for p in trust.people],
    })  # fmt: skip


@keys.command("add-person", help=str(Text(
    "Give someone a signing key, or another role: ID:ROLE[:NAME[:DEPARTMENT]].\n\n\b\nExample:\n"
    "  crm-migrate keys add-person zhao:auditor:赵审计:审计部 --by chen",
    "为人员创建签名密钥,或变更其角色:标识:角色[:姓名[:部门]]。\n\n\b\n示例:\n"
    "  crm-migrate keys add-person zhao:auditor:赵审计:审计部 --by chen",
)))  # fmt: skip
@click.argument("person")
@click.option("--by", required=True, help=str(Text("who signs the trust file", "由谁签署信任文件")))
@click.option("--no-passphrase", is_flag=True, help=str(NO_PASSPHRASE))
@verb_options
@click.pass_context
def add_person(ctx: click.Context, person: str, by: str, no_passphrase: bool, out: Output) -> None:
    """Add one person, or change their role."""
    from crm_migrate.stages.approving.people import add_person as add
    from crm_migrate.trust.setup import parse_person

    new = parse_person(person)
    with opened(ctx, out) as session:
        trust = add(session, new, _protector(no_passphrase), by)
    out.say(Text(f"{new.id} is in the trust file now", f"{new.id} 已加入信任文件"), "green")
    out.next_step("crm-migrate plan")
    out.result({"version": trust.version, "people": [p.id for p in trust.people]})


@keys.command("remove-person", help=str(Text(
    "Take someone off the trust file: what they signed no longer counts.\n\n\b\nExample:\n"
    "  crm-migrate keys remove-person wang --by chen",
    "将人员从信任文件移除：其签名不再有效。\n\n\b\n示例:\n"
    "  crm-migrate keys remove-person wang --by chen",
)))  # fmt: skip
@click.argument("person")
@click.option("--by", required=True, help=str(Text("who signs the trust file", "由谁签署信任文件")))
@verb_options
@click.pass_context
def remove_person(ctx: click.Context, person: str, by: str, out: Output) -> None:
    """Remove one person."""
    from crm_migrate.stages.approving.people import remove_person as remove

    with opened(ctx, out) as session:
        trust = remove(session, person, by)
    out.say(Text(f"{person} is off the trust file", f"{person} 已从信任文件移除"), "yellow")
    out.next_step("crm-migrate runs")
    out.result({"version": trust.version, "people": [p.id for p in trust.people]})


def _require_administrator(new: "list[NewPerson]") -> None:
    from crm_migrate.errors import UsageFault

    if not any(person.role == "administrator" for person in new):
        raise UsageFault(
            Text(
                "on a real target an administrator founds the trust file: whoever does can add"
                " approvers, so it must not be somebody who plans and applies",
                "真实目标的信任文件须由系统管理员建立：建立者可添加审批人，因此不能是编制或执行计划的人",
            ),
            remedy=Text(
                "--person ID:administrator beside the others", "请增加 --person 标识:administrator"
            ),
        )


def _lacking(trust: "TrustFile", sandbox: bool) -> Text | None:
    """Which roles somebody must still have before a plan can be made and approved."""
    from crm_migrate.trust.roles import ROLE_LABELS, Action, Role, may

    wanted = {Role.OPERATOR: Action.APPLY, Role.APPROVER: Action.APPROVE}
    held = [p.role for p in trust.people]
    missing = [r for r, action in wanted.items() if not any(may(h, action) for h in held)]
    if sandbox or not missing:
        return None
    labels = [ROLE_LABELS[r] for r in missing]
    return Text(
        "still to be added: " + ", ".join(t.en for t in labels),
        "尚需添加:" + "、".join(t.zh for t in labels),
    )


def _protector(no_passphrase: bool) -> "Callable[[str], Protection]":
    from crm_migrate.trust.wrapping import EnvironmentKey, Passphrase, Unprotected

    def protect(label: str) -> "Protection":
        if no_passphrase:
            return Unprotected()
        if os.environ.get("CRM_MIGRATE_KEY"):
            return EnvironmentKey()
        suffix = "" if label == "project" else "_" + label.upper().translate({45: "_", 46: "_"})
        text = os.environ.get(f"CRM_MIGRATE_PASSPHRASE{suffix}")
        if text is None:
            prompt = str(Text(f"new passphrase for {label}", f"为 {label} 设置口令"))
            text = click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
        return Passphrase(text)

    return protect
