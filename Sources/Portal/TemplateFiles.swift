/// The templates' texts, as the build put them into the program.
enum TemplateFiles {
    static let all: [String: String] = [
        "atom": PackageResources.atom_mustache, "badge": PackageResources.badge_mustache,
        "cell": PackageResources.cell_mustache,
        "chart": PackageResources.chart_mustache,
        "empty": PackageResources.empty_mustache, "facts": PackageResources.facts_mustache,
        "field": PackageResources.field_mustache, "flash": PackageResources.flash_mustache,
        "frame": PackageResources.frame_mustache, "pager": PackageResources.pager_mustache,
        "problem": PackageResources.problem_mustache,
        "progress": PackageResources.progress_mustache,
        "steps": PackageResources.steps_mustache, "table": PackageResources.table_mustache,
        "time": PackageResources.time_mustache,
    ].mapValues { String(decoding: $0, as: UTF8.self) }
}
