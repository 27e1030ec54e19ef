#!/usr/bin/env bash
# The whole story against a running `medicrypt demo`: a doctor opens a patient and signs a prescription, a pharmacist
# verifies and dispenses it once, the patient sees who looked, the administrator verifies the log and asks for a mean.
# Ends with an error at the first step that is not as it should be.
#
#   medicrypt demo &
#   examples/story.sh [ADDRESS:PORT]
#
# MEDICRYPT names the program, if it is not in the PATH; KEYS the folder of the demo's keys.
set -euo pipefail

server="http://${1:-127.0.0.1:8440}"
medicrypt="${MEDICRYPT:-medicrypt}"
keys="${KEYS:-dummy_keys}"
sessions="$(mktemp -d)"
trap 'rm -rf "$sessions"' EXIT

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'NOT AS EXPECTED: %s\n' "$*" >&2; exit 1; }

# One field of a JSON answer, by its name; the first one there is.
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" | head -n 1; }

# login NAME USERNAME PASSWORD
login() {
    printf '%s\n' "$3" | "$medicrypt" login --server "$server" --username "$2" --password-stdin \
        --key "$keys/${2/@/_at_}_private_key.pem" --session "$sessions/$1.json" >/dev/null
}
# as NAME COMMAND...
as() { local who="$1"; shift; "$medicrypt" "$@" --session "$sessions/$who.json"; }

# refused CODE NAME COMMAND...: the command must end with exit code 3 and that error code.
refused() {
    local code="$1" status=0 said; shift
    said="$(as "$@" 2>&1 >/dev/null)" || status=$?
    [ "$status" = 3 ] || fail "exit code $status instead of 3: $said"
    case "$said" in *"$code"*) printf 'refused as it should be: %s\n' "$code" ;; *) fail "no $code in: $said" ;; esac
}

say "The doctor logs in with password and key"
login doctor omkar@doctor.kmc.edu 'Doctor@123'
as doctor me
as doctor doctor patients
login patient harsh@patient.kmc.edu 'Patient@123'
patient="$(as patient patient profile --json | field id)"
[ -n "$patient" ] || fail "the patient has no id"

say "The doctor opens Harsh Singh"
as doctor doctor open "$patient"

say "The doctor signs a prescription"
prescription="$(as doctor doctor prescribe "$patient" --medicine ATOR20 --quantity 30 --dosage '1 tablet at night' --yes --json | field id)"
[ -n "$prescription" ] || fail "no prescription was issued"

say "The pharmacist verifies it, and hands over"
login pharmacist sushmita@pharmacist.kmc.edu 'Pharm@1NET'
as pharmacist pharmacist queue
as pharmacist pharmacist verify "$prescription"
as pharmacist pharmacist dispense "$prescription" --yes

say "A second time"
refused ALREADY_DISPENSED pharmacist pharmacist dispense "$prescription" --quantity 1 --yes

say "The pharmacist may not open the patient, nor the doctor the audit log"
refused FORBIDDEN pharmacist query -q "{ patient(id: \"$patient\") { identity { given } } }"
refused FORBIDDEN doctor admin audit

say "The patient sees who looked"
as patient patient records
log="$(as patient patient access-log)"
printf '%s\n' "$log"
case "$log" in *"Omkar Nayak"*) ;; *) fail "the doctor is not in the access log" ;; esac
case "$log" in *"Sushmita Sen"*) ;; *) fail "the pharmacist is not in the access log" ;; esac

say "The administrator verifies the log, and gets a mean with noise"
login admin mihir@admin.kmc.edu 'Admin@1234'
as admin admin audit --first 5
as admin admin verify-log
as admin admin mean SYSTOLIC --epsilon-milli 500 || fail "no mean"
refused FORBIDDEN admin query -q '{ treatedPatients { edges { node { given } } } }'

say "Everybody logs out; the session is worth nothing after"
cp "$sessions/doctor.json" "$sessions/stolen.json"
as doctor logout
refused UNAUTHENTICATED stolen me

say "All as it should be"
