//! `sekisho explain`.

use crate::cli::Explain;
use crate::exit::Exit;
use crate::output;
use report::Style;

/// Prints a risk's page, or the list of risks.
pub fn run(arguments: &Explain, _style: Style) -> Exit {
    let Some(slug) = &arguments.risk else {
        for risk in risks::all() {
            let title = risks::Page::read(risk.page).map(|page| page.title).unwrap_or_default();
            output::line(&format!("{:<26}{title}", risk.slug));
        }
        output::line("\nNext: sekisho explain RISK");
        return Exit::Clean;
    };
    let Some(risk) = risks::by_slug(slug) else {
        output::error(&format!("there is no risk `{slug}`; `sekisho explain` lists them"));
        return Exit::Usage;
    };
    match risks::Page::read(risk.page) {
        Ok(page) => {
            output::line(page.text.trim());
            output::line(&format!("\nMaps to {}. ATT&CK: {}.", page.maps.join(", "), page.attack.join(", ")));
            Exit::Clean
        }
        Err(error) => output::unfinished(&error),
    }
}
