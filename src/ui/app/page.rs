//! The whole page: header, cards, stored deltas and pictures, messages.

use leptos::prelude::*;

use super::{
    banners::Banners, collection::Collection, events::on_answer, file_drop::listen_for_files,
    header::Header, report::copy_report, state::Page, ways_in::WaysIn,
};
use crate::ui::{
    browser::options::Options,
    cards::{gather::SubjectCard, train::TrainCard, use_it::UseCard},
    engine::connection::EngineStatus,
    messages::{state::Severity, view::MessageList},
    models::{memory_panel::RefusedModel, panel::ModelsPanel},
    sharing::shared_link_panel::SharedLinkPanel,
    storage::gallery_db::{Store, StoredDelta, StoredPicture},
    subjects::state::Subjects,
    text,
    training::alerts::keep_awake,
};

/// The page. Starts the engine.
#[component]
pub fn App() -> impl IntoView {
    let options = Options::from_address();
    let page = Page::new(&options);
    page.provide();
    listen_for_files(page.intake, page.models, page.subjects);
    start_engine(page, options.warning);
    leptos::task::spawn_local(load_stored(page));
    page.shared_link.follow();
    keep_awake(page.activity);
    page.collages.follow();
    page.models.follow_plan();

    view! {
        <Header />
        <WaysIn />
        <Banners />
        <main aria-label=text::MAIN_LABEL>
            <RefusedModel />
            <ModelsPanel />
            <SharedLinkPanel />
            <div class="booth">
                <SubjectCard />
                <TrainCard />
                <UseCard />
            </div>
            <Collection />
        </main>
        <MessageList report=Callback::new(move |message| copy_report(page, &message)) />
        <DropVeil />
    }
}

/// Starts the engine, unless the user is asked first.
fn start_engine(page: Page, warning: Option<&'static str>) {
    page.engine.listen(move |answer| on_answer(page, answer));
    if let Some(warning) = warning {
        page.messages.tell(Severity::Warning, warning);
    }
    if page.engine.status.get_untracked() != EngineStatus::AwaitingConsent {
        page.engine.start();
    }
}

/// Opens the database and shows the pictures and deltas of earlier visits.
async fn load_stored(page: Page) {
    let Some(db) = page.storage.open().await else {
        return;
    };
    let pictures = db.all::<StoredPicture>(Store::Pictures).await;
    let deltas = db.all::<StoredDelta>(Store::Deltas).await;
    page.storage.set_db(db);
    if let Ok(pictures) = pictures {
        page.gallery.add_stored(pictures);
    }
    if let Ok(deltas) = deltas {
        page.library.add_stored(deltas);
    }
    page.storage.measure();
}

/// Covers the page while files are dragged over it.
#[component]
fn DropVeil() -> impl IntoView {
    let subjects: Subjects = expect_context();
    view! {
        <div class="veil" class:shown=move || subjects.dragging.get() aria-hidden="true">
            <p>{text::DROP_ANYWHERE}</p>
        </div>
    }
}
