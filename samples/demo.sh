#!/usr/bin/env bash
# The main job on the samples: the repository's own project, into a copy of samples/crm.db.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
run() { printf '\n\033[1m$ crm-migrate %s\033[0m\n' "$*"; crm-migrate "$@" || { code=$?; [ $code -eq 3 ] || exit $code; }; }

mkdir -p .crm-migrate/demo
[ -e .crm-migrate/demo/crm.db ] || cp samples/crm.db .crm-migrate/demo/crm.db

# Three people: who lists people, who plans, who approves. The author may not approve a plan.
if [ ! -d .crm-migrate/keyring ]; then
  run keys init --no-passphrase --person administrator:administrator:演示管理员:信息部 \
    --person operator:operator:演示操作员:信息部 --person approver:approver:演示审批人:销售部
fi

run plan --as operator
state=$(crm-migrate runs --json 2>/dev/null | python -c 'import json,sys; print(json.load(sys.stdin)["plans"][-1]["state"])')
if [ "$state" = empty ]; then
  printf '\nNothing to do: the CRM holds what the sources say. / 无需变更:CRM 与来源一致。\n'
else
  run show latest --limit 2 --workbook
  run approve latest --as approver --reason "演示:已核对计划页"
  run apply latest --as operator
fi
run audit report --as operator
run audit verify
run link --run latest --engine recordlinkage

printf '\n\033[1mOpen these / 请打开:\033[0m\n'
ls -1 audit/plans/*/plan.html audit/plans/*/plan.xlsx audit/plans/*/findings.xlsx | tail -3
ls -1 audit/reports/*.html audit/reports/*.xlsx | tail -2
