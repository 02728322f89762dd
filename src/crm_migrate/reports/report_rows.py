"""The rows of the audit report, in words: for the page and the workbook."""

from collections.abc import Sequence
from datetime import datetime

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.html import STATE_TEXTS, TREATMENT_TEXTS, local_time
from crm_migrate.plan.show.risks import ACTION_LABELS, held_by_reason, reason_text
from crm_migrate.reports.audit_report import AuditReport, next_review
from crm_migrate.reports.facts import ApplyFacts, ApprovalFacts, PlanEntry

EVIDENCE_TEXTS = {
    "inputs": Text("evidence: sources", "依据：来源数据"),
    "rules": Text("evidence: rules and mappings", "依据：规则与映射"),
    "mappings": Text("evidence: mappings", "依据：映射"),
    "demands": Text("evidence: who must approve", "依据：审批要求"),
    "linkage_model": Text("evidence: deduplication model", "依据：去重模型"),
    "figures": Text("evidence: gate figures", "依据：门禁指标"),
    "counts": Text("evidence: counts", "依据：数量"),
}
DECISIONS = {
    "approve": Text("approved", "批准"),
    "reject": Text("rejected", "驳回"),
    "override": Text("gate overridden", "门禁放行"),
    "revoke": Text("decision taken back", "撤回审批"),
}
TAKES_BACK = Text("takes back", "撤回")
CONSEQUENCES = {
    "block": Text("blocked the plan", "阻止计划"),
    "extra_approval": Text("more approvals demanded", "要求追加审批"),
    "warn": Text("warned", "仅警告"),
}


def cover_rows(report: AuditReport, language: Language) -> list[tuple[str, str]]:
    """The cover of R-7.3."""
    c = report.cover
    open_text = Text("(still to be signed)", "（待签）").in_language(language)
    rows = (
        (Text("number", "编号"), c.number),
        (Text("title", "名称"), c.title),
        (Text("version", "版本"), report.version),
        (Text("date", "日期"), report.date),
        (Text("prepared by", "编制"), report.prepared_by),
        (Text("reviewed by", "审核"), c.reviewed_by or open_text),
        (Text("approved by", "批准"), report.approved_by or open_text),
        (Text("scope", "适用范围"), report.project),
        (Text("for", "使用对象"), c.audience),
        (Text("reported to", "报送"), c.reported_to),
        (Text("period", "期间"), " — ".join(report.period)),
        (Text("confidentiality", "密级"), c.confidentiality),
        (Text("effective", "生效日期"), report.date if report.approved_by else open_text),
        (Text("updated", "更新日期"), report.date),
        (Text("next review", "下次评审"), next_review(report)),
        (Text("distribution", "分发"), "、".join(c.distribution)),
    )
    return [(name.in_language(language), value) for name, value in rows]


def conclusion_lines(report: AuditReport, language: Language) -> list[str]:
    """What a manager needs to know, in sentences."""
    header = report.header
    golden = sum(c.golden for c in header.counts.values())
    merged = sum(c.merged for c in header.counts.values())
    lines = [
        Text(
            "{read:,} rows were read; {accepted:,} accepted, {quarantined:,} quarantined, "
            "{non_data:,} were no data. {adds_up}",
            "共读取 {read:,} 行：接受 {accepted:,} 行，隔离 {quarantined:,} 行，"
            "非数据 {non_data:,} 行。{adds_up}",
        ).in_language(
            language,
            read=header.rows.read,
            accepted=header.rows.accepted,
            quarantined=header.rows.quarantined,
            non_data=header.rows.non_data,
            adds_up=_adds_up(report).in_language(language),
        ),
        Text(
            "{merged:,} records were merged away as duplicates; {golden:,} remain.",
            "去重合并 {merged:,} 条，形成唯一记录 {golden:,} 条。",
        ).in_language(language, merged=merged, golden=golden),
    ]
    for plan in report.plans:
        if plan.applied is not None:
            lines.append(_carried_out(plan, plan.applied, language))
            if plan.applied.totals:
                lines.append(_totals_in_crm(plan.applied, language))
    differing = [t for t in header.control_totals if t.source_amount != t.plan_amount]
    totals = (
        Text("{n} control totals differ.", "有 {n} 项控制总数不一致。")
        if differing
        else Text("All control totals agree with the sources.", "控制总数与来源全部一致。")
    )
    lines.append(totals.in_language(language, n=len(differing)))
    return lines


def _adds_up(report: AuditReport) -> Text:
    header = report.header
    if header.rows.adds_up() and all(c.adds_up() for c in header.counts.values()):
        return Text("The counts add up.", "数量核对一致。")
    return Text("THE COUNTS DO NOT ADD UP.", "数量核对不一致！")


def _read_back(verified: bool) -> Text:
    if verified:
        return Text("all read back and equal", "全部回读一致")
    return Text("READ BACK DIFFERENT", "回读不一致")


def linkage_rows(report: AuditReport, language: Language) -> list[tuple[str, str]]:
    """How customers were joined."""
    facts = report.facts.linkage
    rows: Sequence[tuple[Text, object]] = (
        (Text("method", "去重方法"), _engine(facts.engine).in_language(language)),
        (Text("customer records of the sources", "来源客户记录"), facts.records),
        (Text("rows of the CRM compared", "参与比对的 CRM 记录"), facts.crm_rows),
        (Text("pairs compared", "比较的记录对"), facts.pairs),
        (Text("pairs judged the same customer", "判定为同一客户的记录对"), facts.edges),
        (
            Text(
                "different customers in the end, the CRM's among them",
                "去重后的客户数（含 CRM 已有客户）",
            ),
            facts.clusters,
        ),
        (Text("most records of one customer", "单个客户最多的记录数"), facts.largest_cluster),
        (Text("doubtful pairs, for a person to decide", "疑似重复，待人工裁决"), facts.review),
        (Text("customers with two owners (撞单)", "撞单客户"), facts.owner_conflicts),
        (
            Text("rows that stay double in the CRM", "CRM 内部未合并的重复记录"),
            report.facts.duplicates_in_crm,
        ),
        (Text("digest of the trained model", "模型摘要"), facts.model[:32]),
    )
    return [
        (name.in_language(language), f"{v:,}" if isinstance(v, int) else str(v)) for name, v in rows
    ]


def _engine(name: str) -> Text:
    if name == "native":
        return Text("built-in probabilistic comparison", "内置概率比对")
    return Text(name, name)


def _carried_out(plan: PlanEntry, applied: ApplyFacts, language: Language) -> str:
    """What an apply did, of a migration or a rollback, in one sentence."""
    if plan.reverses is None:
        text = Text(
            "Plan {plan}: {created:,} created, {updated:,} updated, {failed:,} failed; {ok}.",
            "计划 {plan}：新建 {created:,} 条，更新 {updated:,} 条，失败 {failed:,} 条；{ok}。",
        )
    else:
        text = Text(
            "Plan {plan} took {reverses} back: {deleted:,} deleted, {updated:,} as before, "
            "{created:,} inserted again, {failed:,} failed; {ok}.",
            "计划 {plan} 撤回 {reverses}：删除 {deleted:,} 条，恢复 {updated:,} 条，"
            "重新写入 {created:,} 条，失败 {failed:,} 条；{ok}。",
        )
    done = ("created", "updated", "deleted", "failed")
    return text.in_language(
        language,
        plan=plan.plan_id,
        reverses=plan.reverses,
        ok=_read_back(applied.verified).in_language(language),
        **{name: sum(c.get(name, 0) for c in applied.counts.values()) for name in done},
    )


def _totals_in_crm(applied: ApplyFacts, language: Language) -> str:
    """Control totals over the plan's records beside the same sums in the CRM."""
    text = (
        Text(
            "Control totals in the CRM: {n} of {all} differ from those of the records that were"
            " loaded (amounts of the CRM's own were kept).",
            "CRM 中的控制总数：{all} 项中有 {n} 项与已导入记录不同（保留了 CRM 自有金额）。",
        )
        if applied.totals_differ
        else Text(
            "All {all} control totals in the CRM agree with the records that were loaded.",
            "CRM 中的 {all} 项控制总数与已导入记录全部一致。",
        )
    )
    return text.in_language(language, n=applied.totals_differ, all=len(applied.totals))


def plan_rows(report: AuditReport, language: Language) -> list[tuple[str, ...]]:
    """Every plan: number and state, made, decided, carried out."""
    return [
        (
            p.plan_id,
            STATE_TEXTS[p.state].in_language(language)
            + (f" ({TAKES_BACK.in_language(language)} {p.reverses})" if p.reverses else "")
            + (f" [{p.scope}]" if p.scope else ""),
            f"{p.created_by} {when(p.created_at)}",
            "；".join([*_demanded(p, language), *(_decided(a, language) for a in p.approvals)]),
            ""
            if p.applied is None
            else f"{p.applied.applied_by} {when(p.applied.applied_at)} "
            + _read_back(p.applied.verified).in_language(language),
        )
        for p in report.plans
    ]


def _demanded(plan: PlanEntry, language: Language) -> list[str]:
    demanded = Text("demanded", "要求").in_language(language)
    missing = Text("missing", "尚缺").in_language(language)
    return [f"{demanded}: {d}" for d in plan.demands] + [f"{missing}: {m}" for m in plan.missing]


def _decided(signed: ApprovalFacts, language: Language) -> str:
    return (
        DECISIONS[signed.decision].in_language(language)
        + (f" [{signed.about}]" if signed.about else "")
        + f": {signed.name}({signed.role}) {when(signed.at)}"
        + (f" · {signed.reason}" if signed.reason else "")
    )


def when(at: str) -> str:
    """An instant (RFC 3339) as clocks here show it."""
    return local_time(datetime.fromisoformat(at))


def held_rows(report: AuditReport, language: Language) -> list[tuple[str, str, int]]:
    """Why operations were left out or are conflicts: action, reason, count; most frequent first."""
    return [
        (ACTION_LABELS[action].in_language(language), reason_text(code).in_language(language), n)
        for (action, code), n in held_by_reason(report.header)
    ]


def gate_rows(report: AuditReport, language: Language) -> list[tuple[str, ...]]:
    """Every gate that was missed: plan, gate, figure, bound, what followed."""
    overridden = Text(", overridden", ",已放行").in_language(language)
    return [
        (
            p.plan_id,
            g.label_zh if language == "zh" else g.label_en,
            g.figure,
            g.bound,
            CONSEQUENCES[g.on_failure].in_language(language) + (overridden if g.overridden else ""),
        )
        for p in report.plans
        for g in p.gates
    ]


def evidence_rows(report: AuditReport, language: Language) -> list[tuple[str, str]]:
    """The digests that an auditor compares."""
    header, journal = report.header, report.journal
    rows = [
        (Text("effect", "效果摘要"), header.effect),
        (Text("evidence", "依据摘要"), header.evidence),
        *((EVIDENCE_TEXTS.get(n, Text(n, n)), d) for n, d in header.evidence_parts.items()),
        (Text("structure of the target", "目标结构"), header.target.fingerprint),
        (Text("journal", "日志"), f"{journal.result} · {journal.events:,} · {journal.root}"),
    ]
    return [(name.in_language(language), value) for name, value in rows]


def protection_rows(
    report: AuditReport, field_labels: dict[str, str], language: Language
) -> list[tuple[str, str]]:
    """Which fields are protected in the CRM, and what was redacted before anything was stored."""
    rows = [
        (field_labels.get(name, name), TREATMENT_TEXTS[kind].in_language(language))
        for name, kind in sorted(report.header.treatments.items())
        if kind in TREATMENT_TEXTS
    ]
    redacted = Text(
        "{n:,} cells with document or card numbers redacted", "{n:,} 处证件号/卡号已遮蔽"
    )
    rows += [
        (field_labels.get(name, name), redacted.in_language(language, n=count))
        for name, count in sorted(report.facts.redacted.items())
        if count
    ]
    return rows


def waiting_lines(report: AuditReport, language: Language) -> list[str]:
    """Open decisions."""
    texts = {
        "review": Text(
            "{n:,} doubtful pairs: crm-migrate review list", "疑似重复 {n:,} 对，待裁决"
        ),
        "owner_conflict": Text(
            "{n:,} customers with two owners (撞单)", "撞单 {n:,} 户,待双方部门决定"
        ),
    }
    lines = [
        texts.get(name, Text(name + ": {n:,}", name + ":{n:,}")).in_language(language, n=count)
        for name, count in report.header.waiting.items()
        if count
    ]
    return lines or [Text("Nothing.", "无。").in_language(language)]
