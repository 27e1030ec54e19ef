//! FHIR `Observation` to [`item::Observation`]: vitals where LOINC names a metric, the smoking status, or neither.

use serde_json::Number;

use super::item::{self, ObservationKind, Reading};
use super::moment::instant;
use super::refused::Reason;
use super::resources::{CodeableConcept, Observation, Quantity, filled, link, optional_link};
use super::sources::Kind;
use crate::clinic::metric::Metric;

const LOINC: &str = "http://loinc.org";

/// Tobacco smoking status.
const SMOKING_STATUS: &str = "72166-2";

pub(super) fn observation(source_id: String, mut resource: Observation) -> Result<item::Observation, Reason> {
    match resource.status.as_deref() {
        None => return Err(Reason::Missing("status")),
        Some("entered-in-error") => return Err(Reason::NotAFact("entered in error")),
        Some("cancelled") => return Err(Reason::NotAFact("cancelled")),
        Some(_) => {}
    }
    let effective = filled(resource.effective_date_time.take())
        .or_else(|| filled(resource.effective_instant.take()))
        .or_else(|| filled(resource.effective_period.start.take()))
        .or_else(|| filled(resource.issued.take()))
        .ok_or(Reason::Missing("effectiveDateTime"))?;
    Ok(item::Observation {
        source_id,
        patient: link(resource.subject.as_ref(), "subject", Kind::Patient)?,
        encounter: optional_link(resource.encounter.as_ref(), "encounter", Kind::Encounter)?,
        effective: instant(&effective, "effectiveDateTime")?,
        kind: kind(resource)?,
    })
}

fn kind(resource: Observation) -> Result<ObservationKind, Reason> {
    if has_loinc(&resource.code, SMOKING_STATUS) {
        let status = resource.value_codeable_concept.and_then(|status| status.concept(&[]));
        return status.map(ObservationKind::SmokingStatus).ok_or(Reason::Missing("valueCodeableConcept"));
    }
    let (mut readings, mut beside) = (Vec::<Reading>::new(), Vec::new());
    for (part, is_component) in parts(&resource) {
        match metric(&part.code) {
            Some(metric) if readings.iter().any(|reading| reading.metric == metric) => {
                let instead = "give each metric once, and others in observations of their own";
                return Err(Reason::NotRead { field: "component", instead });
            }
            Some(metric) => readings.push(reading(metric, part)?),
            None if is_component => beside.extend(named_value(part)?),
            None => beside.extend(value(part)?),
        }
    }
    let beside = Some(beside.join("; ")).filter(|text| !text.is_empty());
    if !readings.is_empty() {
        return Ok(ObservationKind::Vitals { readings, beside });
    }
    let code = resource.code.concept(&[LOINC]).ok_or(Reason::Missing("code"))?;
    Ok(ObservationKind::NoMetric { code, value: beside })
}

/// The observation itself and then its components.
fn parts(resource: &Observation) -> impl Iterator<Item = (&Observation, bool)> {
    std::iter::once((resource, false)).chain(resource.component.iter().map(|component| (component, true)))
}

fn has_loinc(concept: &CodeableConcept, code: &str) -> bool {
    let is = |text: &Option<String>, expected| text.as_deref() == Some(expected);
    concept.coding.iter().any(|coding| is(&coding.system, LOINC) && is(&coding.code, code))
}

/// The metric that a concept names. An age is none here: it comes from the birth date.
fn metric(concept: &CodeableConcept) -> Option<Metric> {
    Metric::ALL.into_iter().find(|metric| *metric != Metric::Age && has_loinc(concept, metric.loinc()))
}

fn reading(metric: Metric, part: &Observation) -> Result<Reading, Reason> {
    let quantity = part.value_quantity.as_ref().ok_or(Reason::Missing("valueQuantity"))?;
    if quantity.comparator.is_some() {
        let instead = "give an exact value, without comparator";
        return Err(Reason::NotRead { field: "valueQuantity", instead });
    }
    let number =
        quantity.value.as_ref().and_then(Number::as_f64).ok_or(Reason::Missing("valueQuantity.value"))?;
    let unit = quantity.unit().ok_or(Reason::Missing("valueQuantity.code"))?;
    Ok(Reading { metric, fixed: metric.parse(number, unit)? })
}

/// A component's value under its name: `Method of oxygen delivery: nasal cannula`.
fn named_value(component: &Observation) -> Result<Option<String>, Reason> {
    let name = component.code.words().ok_or(Reason::Missing("component.code"))?;
    Ok(value(component)?.map(|value| format!("{name}: {value}")))
}

/// Whatever the value is, for a reader; none if there is none.
fn value(part: &Observation) -> Result<Option<String>, Reason> {
    let unread = [&part.value_range, &part.value_ratio, &part.value_period, &part.value_sampled_data];
    if unread.into_iter().any(Option::is_some) {
        let instead = "write it as valueQuantity, valueCodeableConcept or valueString, or in components";
        return Err(Reason::NotRead { field: "value[x]", instead });
    }
    let (quantity, concept) = (&part.value_quantity, &part.value_codeable_concept);
    let texts = [&part.value_string, &part.value_date_time, &part.value_time];
    Ok(quantity
        .as_ref()
        .and_then(Quantity::to_text)
        .or_else(|| concept.as_ref().and_then(CodeableConcept::words))
        .or_else(|| texts.into_iter().find_map(|text| filled(text.clone())))
        .or_else(|| part.value_integer.map(|value| value.to_string()))
        .or_else(|| part.value_boolean.map(|value| if value { "yes" } else { "no" }.to_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::clinic::metric::MetricRefused;

    fn read(resource: &Value, changes: &[(&str, Value)]) -> Result<item::Observation, Reason> {
        let mut resource = resource.clone();
        let common = [
            ("status", json!("final")),
            ("subject", json!({ "reference": "Patient/p" })),
            ("effectiveDateTime", json!("2026-01-30T10:13:00Z")),
        ];
        for (field, value) in common.iter().chain(changes) {
            resource[*field] = value.clone();
        }
        observation("o".into(), serde_json::from_value(resource).unwrap())
    }

    fn loinc(code: &str) -> Value {
        json!({ "coding": [{ "system": LOINC, "code": code, "display": format!("display of {code}") }] })
    }

    fn of(code: &str, value: f64, unit: &str) -> Value {
        json!({ "code": loinc(code), "valueQuantity": { "value": value, "unit": unit, "code": unit } })
    }

    fn pressures(first: &str, second: &str) -> Value {
        json!({ "code": loinc("85354-9"), "component": [of(first, 121.0, "mm[Hg]"), of(second, 79.0, "mm[Hg]")] })
    }

    #[test]
    fn a_blood_pressure_panel_gives_two_readings() {
        let Ok(panel) = read(&pressures("8480-6", "8462-4"), &[]) else { panic!("refused") };
        let ObservationKind::Vitals { readings, beside: None } = &panel.kind else { panic!("no vitals") };
        let expected = [
            Reading { metric: Metric::Systolic, fixed: 121 },
            Reading { metric: Metric::Diastolic, fixed: 79 },
        ];
        assert_eq!(readings, &expected);
    }

    #[test]
    fn a_value_in_another_unit_or_beyond_the_range_or_inexact_is_refused() {
        let refused = |resource: &Value| read(resource, &[]).err();
        let unit = Reason::Metric(MetricRefused::Unit(Metric::Weight));
        assert_eq!(refused(&of("29463-7", 180.0, "[lb_av]")), Some(unit));
        let range = MetricRefused::OutOfRange { metric: Metric::Weight, min: 0, max: 500 };
        assert_eq!(refused(&of("29463-7", 501.0, "kg")), Some(Reason::Metric(range)));
        let mut inexact = of("29463-7", 50.0, "kg");
        inexact["valueQuantity"]["comparator"] = json!("<");
        assert!(matches!(refused(&inexact), Some(Reason::NotRead { field: "valueQuantity", .. })));
        assert_eq!(refused(&json!({ "code": loinc("29463-7") })), Some(Reason::Missing("valueQuantity")));
        let twice = refused(&pressures("8480-6", "8480-6"));
        assert!(matches!(twice, Some(Reason::NotRead { field: "component", .. })));
    }

    #[test]
    fn what_is_no_metric_is_kept_as_text_with_its_components() {
        let mut oxygen = of("3151-8", 2.5, "L/min");
        oxygen["component"] = json!([{ "code": { "text": "Method" }, "valueString": "nasal cannula" }]);
        let Ok(oxygen) = read(&oxygen, &[]) else { panic!("refused") };
        let ObservationKind::NoMetric { code, value } = &oxygen.kind else { panic!("a metric") };
        assert_eq!(code.code.as_deref(), Some("3151-8"));
        assert_eq!(value.as_deref(), Some("2.5 L/min; Method: nasal cannula"));
        assert!(
            matches!(read(&of("30525-0", 28.0, "a"), &[]), Ok(age) if matches!(age.kind, ObservationKind::NoMetric { .. }))
        );
    }

    #[test]
    fn what_comes_beside_a_vital_is_kept() {
        let mut saturation = of("2708-6", 97.0, "%");
        saturation["component"] = json!([of("3151-8", 2.0, "L/min")]);
        let Ok(saturation) = read(&saturation, &[]) else { panic!("refused") };
        let ObservationKind::Vitals { beside, .. } = &saturation.kind else { panic!("no vitals") };
        assert_eq!(beside.as_deref(), Some("display of 3151-8: 2.0 L/min"));
    }

    #[test]
    fn a_smoking_status_is_a_concept() {
        let status = json!({ "code": loinc(SMOKING_STATUS), "valueCodeableConcept": { "coding": [{ "code": "8517006" }], "text": "Ex-smoker" } });
        let Ok(status) = read(&status, &[]) else { panic!("refused") };
        assert!(
            matches!(&status.kind, ObservationKind::SmokingStatus(concept) if concept.words() == "Ex-smoker")
        );
        let none = read(&json!({ "code": loinc(SMOKING_STATUS) }), &[]).err();
        assert_eq!(none, Some(Reason::Missing("valueCodeableConcept")));
    }

    #[test]
    fn an_observation_made_in_error_or_without_time_never_counts() {
        let pulse = of("8867-4", 72.0, "/min");
        let refused = |field, value| read(&pulse, &[(field, value)]).err();
        assert_eq!(refused("status", json!("entered-in-error")), Some(Reason::NotAFact("entered in error")));
        assert_eq!(refused("effectiveDateTime", Value::Null), Some(Reason::Missing("effectiveDateTime")));
        let group = refused("subject", json!({ "reference": "Group/g" }));
        assert_eq!(group, Some(Reason::BadReference { field: "subject", expected: "Patient" }));
    }
}
