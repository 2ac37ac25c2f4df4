/// The schema's history, embedded into the binary from the `.sql` files beside this one.
package enum Migrations {
    /// Every migration in order: its number is its place in the list, counted from 1.
    package static let all: [(name: String, sql: String)] = [
        ("0001_entries", String(decoding: PackageResources._001_entries_sql, as: UTF8.self)),
        ("0002_deleted_rows", String(decoding: PackageResources._002_deleted_rows_sql, as: UTF8.self)),
        (
            "0003_salted_checksums",
            String(decoding: PackageResources._003_salted_checksums_sql, as: UTF8.self)
        ),
        ("0004_commits", String(decoding: PackageResources._004_commits_sql, as: UTF8.self)),
        (
            "0005_function_settings",
            String(decoding: PackageResources._005_function_settings_sql, as: UTF8.self)
        ),
        ("0006_history", String(decoding: PackageResources._006_history_sql, as: UTF8.self)),
        ("0007_verification", String(decoding: PackageResources._007_verification_sql, as: UTF8.self)),
        ("0008_remote", String(decoding: PackageResources._008_remote_sql, as: UTF8.self)),
        ("0009_region_hits", String(decoding: PackageResources._009_region_hits_sql, as: UTF8.self)),
    ]
}
