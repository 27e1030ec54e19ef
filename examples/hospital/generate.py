#!/usr/bin/env python3
"""Writes the sample hospital: a small FHIR R4 export of NDJSON files beside this script.

Everybody in it is made up. The same files come out on every run: python3 generate.py
"""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"

dice = random.Random(20260101)

HOSPITAL = "lakeside"
DEPARTMENTS = {"cardiology": "Cardiology", "neurology": "Neurology", "medicine": "General Medicine", "pharmacy": "Pharmacy"}

# id, given, family, role, department, specialty
STAFF = [
    ("dr-devika", "Devika", "Lakehurst", "doctor", "cardiology", "Cardiology"),
    ("dr-anton", "Anton", "Brightwell", "doctor", "cardiology", "Cardiology"),
    ("dr-meher", "Meher", "Stonebrook", "doctor", "neurology", "Neurology"),
    ("dr-ilse", "Ilse", "Marchbank", "doctor", "medicine", "General medicine"),
    ("ns-tobi", "Tobi", "Fernleigh", "nurse", "medicine", "Nurse"),
    ("ph-rania", "Rania", "Copperfield", "pharmacist", "pharmacy", "Pharmacy"),
]

# id, given, family, gender, birth date (one known by its year only), ward, weight kg, height cm, smoking status
PATIENTS = [
    ("p01", "Asha", "Moonbeam", "female", "1958-03-12", "cardiology", 68.4, 158.0, "never"),
    ("p02", "Bruno", "Willowdale", "male", "1949-11-02", "cardiology", 88.1, 174.5, "former"),
    ("p03", "Chitra", "Silverlake", "female", "1971-07-25", "cardiology", 74.9, 162.2, "daily"),
    ("p04", "Dominik", "Ashcombe", "male", "1965", "cardiology", 95.3, 181.0, "daily"),
    ("p05", "Esi", "Thornfield", "female", "1990-01-30", "neurology", 57.2, 165.4, "never"),
    ("p06", "Farid", "Goldcrest", "male", "1983-09-14", "neurology", 79.6, 177.8, "never"),
    ("p07", "Greta", "Applegarth", "female", "2003-05-06", "neurology", 61.0, 170.1, None),
    ("p08", "Hari", "Riverstone", "male", "1976-12-19", "neurology", 82.7, 172.0, "former"),
    ("p09", "Imke", "Wrenfield", "female", "1988-04-08", "medicine", 66.3, 168.7, "never"),
    ("p10", "Jomo", "Cedarholm", "male", "2014-08-21", "medicine", 34.8, 141.5, None),
    ("p11", "Kavya", "Fairweather", "female", "1995-10-17", "medicine", 59.9, 160.3, "daily"),
    ("p12", "Luca", "Highmoor", "male", "1937-02-27", "medicine", 71.5, 169.9, "former"),
]

# Sixty more who came once for a check-up: enough people for a statistic to say something beside its noise.
GIVEN = ["Amara", "Bodil", "Ciro", "Dara", "Elif", "Fen", "Gisela", "Hugo", "Ines", "Jonas", "Kiri", "Liv"]
FAMILY = ["Alderwick", "Birchmere", "Cloverdale", "Dunmore", "Elmsworth"]


def walk_ins():
    """Made of the two lists above, so that all names differ."""
    wards, habits = ["cardiology", "neurology", "medicine"], ["never", "never", "former", "daily", None]
    for number in range(60):
        given, family = GIVEN[number % 12], FAMILY[number // 12]
        born = f"{1945 + (number * 7) % 60}-{1 + number % 12:02}-{1 + (number * 5) % 28:02}"
        height = round(158 + (number * 11) % 32 + dice.random(), 1)
        weight = round(height - 100 + about(0, 14), 1)
        gender = "female" if number % 2 else "male"
        yield (f"p{13 + number}", given, family, gender, born, wards[number % 3], weight, height, habits[number % 5])


SMOKING = {
    "never": ("266919005", "Never smoked tobacco"),
    "former": ("8517006", "Ex-smoker"),
    "daily": ("449868002", "Current every day smoker"),
}

# Per ward: problems that last, and what a visit may be about (ICD-10 code, name, cause in the patient's words).
PROBLEMS = {
    "cardiology": [("I10", "Essential (primary) hypertension"), ("E78.5", "Hyperlipidaemia, unspecified"), ("I25.1", "Atherosclerotic heart disease")],
    "neurology": [("G43.9", "Migraine, unspecified"), ("G40.9", "Epilepsy, unspecified"), ("G47.0", "Insomnia")],
    "medicine": [("E11.9", "Type 2 diabetes mellitus without complications"), ("J45.9", "Asthma, unspecified"), ("K21.9", "Gastro-oesophageal reflux disease")],
}
COMPLAINTS = {
    "cardiology": [("R07.4", "Chest pain, unspecified", "chest pain on the stairs"), ("R00.2", "Palpitations", "heart is racing"), ("I20.9", "Angina pectoris, unspecified", "tightness in the chest")],
    "neurology": [("R51", "Headache", "headache since three days"), ("R42", "Dizziness and giddiness", "dizzy in the morning"), ("R56.8", "Other and unspecified convulsions", "a fit last night")],
    "medicine": [("J06.9", "Acute upper respiratory infection", "cough and cold"), ("R50.9", "Fever, unspecified", "fever and chills"), ("R10.4", "Abdominal pain", "stomach ache")],
}

# Drug, RxNorm code, dose, unit, times a day, days; per ward.
DRUGS = {
    "cardiology": [("Atorvastatin", "83367", 20, "mg", 1, 30), ("Amlodipine", "17767", 5, "mg", 1, 30), ("Losartan", "52175", 50, "mg", 1, 28)],
    "neurology": [("Paracetamol", "161", 500, "mg", 3, 5), ("Omeprazole", "7646", 20, "mg", 1, 14), ("Levetiracetam", "114477", 500, "mg", 2, 30)],
    "medicine": [("Metformin", "6809", 500, "mg", 2, 30), ("Amoxicillin", "723", 250, "mg", 3, 7), ("Salbutamol", "435", 100, "mcg", 2, 30)],
}


def pick(choices):
    return choices[int(dice.random() * len(choices))]


def about(centre, spread):
    return centre + (dice.random() * 2 - 1) * spread


def ref(kind, name):
    return {"reference": f"{kind}/{name}"}


def concept(system, code, display, text=None):
    coded = {"coding": [{"system": system, "code": code, "display": display}]}
    return coded | ({"text": text} if text else {})


def quantity(value, unit, code=None):
    return {"value": value, "unit": unit, "system": UCUM, "code": code or unit}


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Export:
    """The lines of every file, and a running number for the ids of each resource."""

    def __init__(self):
        self.lines = {}

    def add(self, resource_type, name=None, /, **fields):
        lines = self.lines.setdefault(resource_type, [])
        name = name or f"{resource_type.lower()}-{len(lines) + 1:03}"
        lines.append({"resourceType": resource_type, "id": name} | {key: value for key, value in fields.items() if value is not None})
        return name

    def write(self, folder):
        for resource_type, lines in self.lines.items():
            text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
            (folder / f"{resource_type}.ndjson").write_text(text, encoding="utf-8", newline="\n")


def organizations(export):
    kind = lambda code, display: [concept(HL7 + "organization-type", code, display)]
    export.add("Organization", HOSPITAL, name="Lakeside Sample Hospital", type=kind("prov", "Healthcare Provider"))
    for name, title in DEPARTMENTS.items():
        export.add("Organization", name, name=title, type=kind("dept", "Hospital Department"), partOf=ref("Organization", HOSPITAL))


def staff(export):
    for name, given, family, role, department, specialty in STAFF:
        email = {"system": "email", "value": f"{name}@lakeside.example", "use": "work"}
        export.add("Practitioner", name, active=True, name=[{"family": family, "given": [given]}], telecom=[email])
        export.add(
            "PractitionerRole",
            f"role-{name}",
            active=True,
            practitioner=ref("Practitioner", name),
            organization=ref("Organization", department),
            code=[concept(HL7 + "practitioner-role", role, role.capitalize())],
            specialty=[{"text": specialty}],
        )


def patient(export, number, name, given, family, gender, born):
    record_number = {"use": "usual", "type": concept(HL7 + "v2-0203", "MR", "Medical record number"), "value": f"LSH-{number:04}"}
    phone = {"system": "phone", "use": "mobile", "value": f"555-01{number:02}"}
    died = {"deceasedDateTime": "2026-03-20T04:10:00Z"} if name == "p12" else {"deceasedBoolean": False}
    names = [{"use": "official", "family": family, "given": [given]}]
    export.add("Patient", name, identifier=[record_number], active=True, name=names, telecom=[phone], gender=gender, birthDate=born, **died)


def condition(export, category, subject, code, display, status, **fields):
    return export.add(
        "Condition",
        clinicalStatus=concept(HL7 + "condition-clinical", status, status.capitalize()),
        verificationStatus=concept(HL7 + "condition-ver-status", "confirmed", "Confirmed"),
        category=[concept(HL7 + "condition-category", category, category.replace("-", " "))],
        code=concept(ICD_10, code, display, display),
        subject=ref("Patient", subject),
        **fields,
    )


def observation(export, subject, encounter, moment, category, code, display, **value):
    export.add(
        "Observation",
        status="final",
        category=[concept(HL7 + "observation-category", category, category)],
        code=concept(LOINC, code, display, display),
        subject=ref("Patient", subject),
        encounter=encounter and ref("Encounter", encounter),
        effectiveDateTime=stamp(moment),
        **value,
    )


def vitals(export, turn, subject, encounter, moment, ward, weight, height):
    """Four of the measures on each visit, so that every one of them turns up in turn."""
    seen = lambda code, display, value, unit, ucum=None: observation(
        export, subject, encounter, moment, "vital-signs", code, display, valueQuantity=quantity(value, unit, ucum)
    )
    raised = 18 if ward == "cardiology" else 0
    part = lambda code, display, value: {"code": concept(LOINC, code, display), "valueQuantity": quantity(round(value), "mmHg", "mm[Hg]")}
    systolic = part("8480-6", "Systolic blood pressure", about(122 + raised, 12))
    diastolic = part("8462-4", "Diastolic blood pressure", about(77 + raised / 2, 8))
    observation(export, subject, encounter, moment, "vital-signs", "85354-9", "Blood pressure panel", component=[systolic, diastolic])
    seen("8867-4", "Heart rate", round(about(76, 14)), "beats/minute", "/min")
    if turn % 3 == 0:
        seen("29463-7", "Body weight", round(about(weight, 1.5), 1), "kg")
        seen("8302-2", "Body height", height, "cm")
    elif turn % 3 == 1:
        seen("8310-5", "Body temperature", round(about(37.0, 0.9), 1), "°C", "Cel")
        seen("9279-1", "Respiratory rate", round(about(16, 4)), "breaths/minute", "/min")
    else:
        seen("2708-6", "Oxygen saturation", round(about(97.0, 2.0), 1), "%")
        # No metrics of MediCrypt: kept sealed and counted as such.
        seen("39156-5", "Body mass index", round(weight / (height / 100) ** 2, 1), "kg/m2")


def prescription(export, subject, encounter, moment, doctor, drug, code, dose, unit, times, days):
    acute = days < 28
    dosage = {
        "text": f"{dose} {unit}, {'once' if times == 1 else f'{times} times'} a day",
        "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": quantity(dose, unit, "ug" if unit == "mcg" else unit)}],
    }
    export.add(
        "MedicationRequest",
        status="completed" if acute else "active",
        intent="order",
        medicationCodeableConcept=concept("http://www.nlm.nih.gov/research/umls/rxnorm", code, drug, drug),
        subject=ref("Patient", subject),
        encounter=ref("Encounter", encounter),
        authoredOn=stamp(moment),
        requester=ref("Practitioner", doctor),
        dosageInstruction=[dosage],
        dispenseRequest={"numberOfRepeatsAllowed": 0 if acute else 3, "expectedSupplyDuration": quantity(days, "d")},
    )


def visit(export, turn, subject, ward, weight, height, problems):
    begin = datetime(2026, 1, 5, 8) + timedelta(days=2 * turn + int(dice.random() * 2), minutes=15 * int(dice.random() * 32))
    end = begin + timedelta(minutes=12 + int(dice.random() * 40))
    doctor = pick([person[0] for person in STAFF if person[3] == "doctor" and person[4] == ward])
    code, display, cause = pick(COMPLAINTS[ward])
    encounter = f"encounter-{turn + 1:03}"
    role = lambda code, display: [concept(HL7 + "v3-ParticipationType", code, display)]
    diagnoses = [(problem, "CM") for problem in problems]
    # Every other visit finds something new.
    if turn % 2 == 0:
        times = {"onsetDateTime": stamp(begin), "abatementDateTime": stamp(end), "recordedDate": stamp(end)}
        found = condition(export, "encounter-diagnosis", subject, code, display, "resolved", encounter=ref("Encounter", encounter), **times)
        diagnoses.insert(0, (found, "DD"))
    emergency = turn % 7 == 3
    export.add(
        "Encounter",
        encounter,
        status="finished",
        **{"class": {"system": HL7 + "v3-ActCode", "code": "EMER" if emergency else "AMB", "display": "emergency" if emergency else "ambulatory"}},
        subject=ref("Patient", subject),
        serviceType={"text": DEPARTMENTS[ward]},
        period={"start": stamp(begin), "end": stamp(end)},
        reasonCode=[concept(ICD_10, code, display, cause)],
        participant=[{"type": role("ATND", "attender"), "individual": ref("Practitioner", doctor)}],
        diagnosis=[
            {"condition": ref("Condition", name), "use": concept(HL7 + "diagnosis-role", use, use), "rank": rank}
            for rank, (name, use) in enumerate(diagnoses, 1)
        ],
        serviceProvider=ref("Organization", ward),
    )
    vitals(export, turn, subject, encounter, begin + timedelta(minutes=4), ward, weight, height)
    first = int(dice.random() * 3)
    for offset in range(1 + (turn % 3 == 1)):
        prescription(export, subject, encounter, end, doctor, *DRUGS[ward][(first + offset) % 3])


def main():
    export = Export()
    organizations(export)
    staff(export)
    problems = {}
    people = PATIENTS + list(walk_ins())
    for number, (name, given, family, gender, born, ward, _, _, smoking) in enumerate(people, 1):
        patient(export, number, name, given, family, gender, born)
        problems[name] = [
            condition(export, "problem-list-item", name, *PROBLEMS[ward][(number + offset) % 3], "active",
                      onsetDateTime=f"{2016 + (number + offset) % 8}-{1 + number % 12:02}", recordedDate="2026-01-02T09:00:00Z")
            for offset in range(2 + (number == 2))
        ]
        if smoking:
            moment = datetime(2026, 1, 2, 9) + timedelta(minutes=number)
            observation(export, name, None, moment, "social-history", "72166-2", "Tobacco smoking status",
                        valueCodeableConcept=concept(SNOMED, *SMOKING[smoking]))
    # Some come often and some once, as in life.
    often = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 4, 5, 7, 8, 11, 0, 1, 5, 8, 11, 0, 1, 11, 0, 11]
    for turn, index in enumerate(often + list(range(len(PATIENTS), len(people)))):
        name, _, _, _, _, ward, weight, height, _ = people[index]
        visit(export, turn, name, ward, weight, height, problems[name])
    export.write(Path(__file__).parent)


if __name__ == "__main__":
    main()
