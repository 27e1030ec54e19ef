//! From pen to counter.

use serde_json::json;

use crate::{hospital::Hospital, support};

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_prescription_is_dispensed_exactly_once_and_everybody_sees_what_they_may() {
    for db in support::databases().await {
        let hospital = Hospital::open(&db).await;

        // The doctor opens the patient and issues a signed prescription.
        let open = "query($id: UUID!) { patient(id: $id) { identity { given family } records { edges { node { title } } }
            prescriptions { edges { node { id state medicine } } } } }";
        let patient = hospital.doctor.ask(open, json!({"id": hospital.patient_id})).await;
        assert_eq!(patient["patient"]["identity"]["family"], "Quackenbush");
        let prescription = hospital.prescribe(10).await;

        // The pharmacist finds it in the queue, verifies and dispenses it.
        let queue = "{ prescriptionQueue { edges { node { id medicine quantity } } } }";
        let waiting = hospital.pharmacist.ask(queue, json!({})).await;
        assert_eq!(waiting["prescriptionQueue"]["edges"][0]["node"]["id"], prescription.to_string());
        let verdict = hospital.pharmacist.verify(prescription).await;
        assert_eq!(verdict["dispensable"], true, "{verdict}");
        assert_eq!(verdict["left"], 10);
        let receipt = hospital.pharmacist.dispense(prescription, 10).await.unwrap();
        assert_eq!(receipt["left"], 0);
        assert_eq!(hospital.pharmacist.dispense(prescription, 10).await, Err("ALREADY_DISPENSED".to_owned()));

        // The patient sees who looked.
        let log = "{ myAccessLog(page: {first: 50}) { edges { node { who role action outcome } } } }";
        let log = hospital.patient.ask(log, json!({})).await;
        let actions: Vec<&str> = log["myAccessLog"]["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["node"]["action"].as_str().unwrap())
            .collect();
        for action in
            ["OPEN_PATIENT", "PRESCRIPTION_ISSUED", "VERIFY_PRESCRIPTION", "DISPENSED", "READ_OWN_ACCESS_LOG"]
        {
            assert!(actions.contains(&action), "{action} is missing in {actions:?}");
        }

        // The admin verifies the log.
        let verdict = "{ verifyAuditLog { holds entries firstBadIndex fault rowFaults { table kind } } }";
        let verdict = hospital.admin.ask(verdict, json!({})).await;
        assert_eq!(verdict["verifyAuditLog"]["holds"], true, "{verdict}");
    }
}
