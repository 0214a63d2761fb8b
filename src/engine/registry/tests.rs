//! The registry over a real directory: roles, their order, and files changed by other hands.

use super::*;
use crate::model::ModelError;
use crate::rules::CanaryBy;

fn model(name: &str) -> Model {
    let mut artefact = Model::bundled().unwrap().artefact().clone();
    name.clone_into(&mut artefact.name);
    Model::from_bytes(&artefact.seal().unwrap()).unwrap()
}

fn by(who: &str) -> By {
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    By { who: Who::new(who).unwrap(), at, note: "a test".to_owned() }
}

struct Shelf {
    dir: tempfile::TempDir,
    registry: Registry,
}

impl Shelf {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::new(dir.path());
        Self { dir, registry }
    }

    fn add(&self, name: &str) -> String {
        let model = model(name);
        self.registry.add(&model, None, &by("anna")).unwrap();
        model.digest().to_owned()
    }
}

#[test]
fn promotions_are_undone_one_by_one_down_to_the_configuration() {
    let shelf = Shelf::new();
    let (a, b) = (shelf.add("a"), shelf.add("b"));
    let registry = &shelf.registry;
    assert!(matches!(registry.rollback(&by("eve")), Err(RegistryError::NothingPromoted)));
    assert_eq!(registry.promote("a", &by("anna")).unwrap().live(), Some(a.as_str()));
    let error = registry.promote("a@1", &by("anna")).unwrap_err();
    assert_eq!(error.to_string(), "`a@1` is live already");
    let roster = registry.promote(&b[..10], &by("ben")).unwrap();
    assert_eq!((roster.live(), roster.before()), (Some(b.as_str()), Some(a.as_str())));
    assert_eq!(registry.rollback(&by("cleo")).unwrap().live(), Some(a.as_str()));
    assert_eq!(registry.rollback(&by("cleo")).unwrap().live(), None);
    let roster = registry.roster().unwrap();
    let told: Vec<_> = roster.changes.iter().map(|change| change.who.as_str()).collect();
    assert_eq!(told, ["anna", "anna", "anna", "ben", "cleo", "cleo"]);
    assert_eq!(roster.changes[4].act, ModelAct::Rollback { model: Some(a) });
}

#[test]
fn names_have_versions_and_a_model_is_taken_in_once() {
    let shelf = Shelf::new();
    let first = shelf.add("spring");
    let mut artefact = model("spring").artefact().clone();
    artefact.training.seed += 1;
    let second = Model::from_bytes(&artefact.seal().unwrap()).unwrap();
    shelf.registry.add(&second, None, &by("anna")).unwrap();
    shelf.add("spring");
    let roster = shelf.registry.roster().unwrap();
    assert_eq!(roster.models.len(), 2);
    assert_eq!(roster.find("spring").unwrap().sha256, second.digest());
    assert_eq!(roster.find("spring@1").unwrap().sha256, first);
    assert_eq!(roster.find(&first[..8]).unwrap().sha256, first);
    let error = roster.find("autumn").unwrap_err().to_string();
    assert_eq!(error, "the registry holds no model `autumn`; there are `spring@1`, `spring@2`");
    assert!(roster.find(&first[..7]).is_err(), "too few digits");
}

#[test]
fn a_model_on_trial_that_is_promoted_is_on_trial_no_more() {
    let shelf = Shelf::new();
    let (a, b) = (shelf.add("a"), shelf.add("b"));
    let registry = &shelf.registry;
    let share = Canary { share_bp: 500, by: CanaryBy::Card };
    registry.shadow(Some("a"), &by("anna")).unwrap();
    let roster = registry.canary(Some(("b", share)), &by("anna")).unwrap();
    assert_eq!(roster.role(&a), Some(Role::Shadow));
    assert_eq!((roster.role(&b), roster.canary()), (Some(Role::Canary), Some((&*b, share))));
    let roster = registry.promote("b", &by("anna")).unwrap();
    assert_eq!((roster.role(&b), roster.canary()), (Some(Role::Live), None));
    assert!(registry.shadow(Some("b"), &by("anna")).is_err(), "live beside itself");
    let roster = registry.promote("shadow", &by("anna")).unwrap();
    assert_eq!((roster.live(), roster.shadow()), (Some(a.as_str()), None));
}

#[test]
fn what_other_hands_changed_is_found() {
    let shelf = Shelf::new();
    let a = shelf.add("a");
    let registry = &shelf.registry;
    registry.promote("a", &by("anna")).unwrap();
    assert_eq!(registry.verify(&a).unwrap(), Vec::<String>::new());

    let facts = shelf.dir.path().join(DIR).join(format!("{a}.json"));
    let text = fs::read_to_string(&facts).unwrap();
    let at = text.find("\"log_odds\":").unwrap() + 11;
    fs::write(&facts, format!("{}9{}", &text[..at], &text[at..].replacen('-', "", 1))).unwrap();
    let found = registry.verify(&a).unwrap();
    assert!(found[0].contains("were changed since"), "{found:?}");
    assert!(found[1].contains("of 32 golden rows are scored otherwise"), "{found:?}");
    fs::write(&facts, text).unwrap();

    let artefact = shelf.dir.path().join("artefacts").join(format!("model-{a}"));
    let bytes = fs::read_to_string(&artefact).unwrap();
    fs::write(
        &artefact,
        bytes.replacen("\"seed\": 1", "\"seed\": 3", 1).replacen("\"a\"", "\"b\"", 1),
    )
    .unwrap();
    let found = registry.verify(&a).unwrap();
    assert!(found[0].contains("the checksum does not match"), "{found:?}");
    fs::write(&artefact, bytes).unwrap();

    let journal = registry.journal();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("anna", "eve", 1)).unwrap();
    let error = registry.roster().unwrap_err().to_string();
    assert!(error.contains("line 2: the line before it was changed"), "{error}");
    assert!(registry.promote("a", &by("eve")).is_err(), "nothing is written behind it");
}

#[test]
fn a_model_of_features_that_are_not_there_is_refused_with_all_of_them() {
    let shelf = Shelf::new();
    let a = shelf.add("a");
    let mut artefact = model("a").artefact().clone();
    let crate::model::Scorer::Logistic(logistic) = &mut artefact.scorer else { panic!() };
    for name in ["gone.one", "gone.two"] {
        let like = logistic.numbers[0].clone();
        logistic.numbers.push(crate::model::Number { name: name.to_owned(), ..like });
    }
    let bytes = artefact.seal().unwrap();
    let error = Model::from_bytes(&bytes).unwrap_err();
    assert!(matches!(&error, ModelError::UnknownFeatures { names } if names.len() == 2), "{error}");
    // The same where an older version took it in and this one does not know its features any more.
    let other = artefact.sha256.clone();
    fs::write(shelf.dir.path().join("artefacts").join(format!("model-{other}")), bytes).unwrap();
    let known = shelf.registry.roster().unwrap();
    let facts = known.get(&a).unwrap().facts.clone();
    let add = ModelAct::Add { model: other, name: "old".to_owned(), version: 1, facts };
    journal::append(&shelf.registry.dir, &by("anna"), |_| Ok(add)).unwrap();
    let error = told(&shelf.registry.promote("old", &by("anna")).unwrap_err());
    assert!(error.contains("`gone.one`, `gone.two`"), "{error}");
    assert_eq!(shelf.registry.roster().unwrap().live(), None);
}
