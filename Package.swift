// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "memod",
    products: [
        .executable(name: "memod", targets: ["memod"]),
        .executable(name: "memoctl", targets: ["memoctl"]),
        .executable(name: "memod-web", targets: ["memod-web"]),
        .library(name: "MemoClient", targets: ["MemoClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        // For memod-web.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "Platform", dependencies: ["CLinux"], swiftSettings: settings),
        .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: settings),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                .embedInCode("0001_entries.sql"), .embedInCode("0002_deleted_rows.sql"),
                .embedInCode("0003_salted_checksums.sql"), .embedInCode("0004_commits.sql"),
                .embedInCode("0005_function_settings.sql"),
                .embedInCode("0006_history.sql"), .embedInCode("0007_verification.sql"),
                .embedInCode("0008_remote.sql"),
                .embedInCode("0009_region_hits.sql"),
            ],
            swiftSettings: settings),
        .target(name: "MemoWire", dependencies: ["Platform"], swiftSettings: settings),
        .target(name: "MemoRegion", dependencies: ["CLinux"], swiftSettings: settings),
        .target(
            name: "MemoStore",
            dependencies: ["CLinux", "MemoRegion", "Platform", "RemoteLink", "SQLite", "Migrations"],
            swiftSettings: settings),
        .target(
            name: "MemoServer",
            dependencies: [
                "CLinux", "MemoStore", "MemoWire", "Platform", "RemoteLink",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: settings),
        .target(name: "RemoteLink", swiftSettings: settings),
        .target(name: "Completion", dependencies: ["MemoWire"], swiftSettings: settings),
        .target(
            name: "MemoClient", dependencies: ["CLinux", "MemoRegion", "MemoWire", "Platform"],
            swiftSettings: settings),
        .executableTarget(
            name: "memod",
            dependencies: [
                "CLinux", "Completion", "MemoServer", "Platform",
            ], swiftSettings: settings),
        .executableTarget(
            name: "memoctl",
            dependencies: [
                "CLinux", "Completion", "MemoClient", "MemoWire", "OpenMetrics", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),
        .target(name: "OpenMetrics", dependencies: ["MemoClient"], swiftSettings: settings),
        .executableTarget(
            name: "memod-web",
            dependencies: [
                "Completion", "MemoClient", "OpenMetrics", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            resources: [
                .embedInCode("Resources/page.html"), .embedInCode("Resources/style.css"),
                .embedInCode("Resources/format.js"), .embedInCode("Resources/source.js"),
                .embedInCode("Resources/charts.js"), .embedInCode("Resources/functions.js"),
                .embedInCode("Resources/views.js"), .embedInCode("Resources/main.js"),
            ], swiftSettings: settings),
        .executableTarget(name: "riskscore", dependencies: ["MemoClient"], swiftSettings: settings),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "MemoWireTests", dependencies: ["MemoWire", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "RemoteLinkTests", dependencies: ["RemoteLink", "TestSupport"], swiftSettings: settings),
        .target(
            name: "MemodFixture", dependencies: ["MemoWire"], path: "Tests/MemodFixture",
            swiftSettings: settings),
        .executableTarget(
            name: "MemoCaller", dependencies: ["MemoClient"], path: "Tests/MemoCaller",
            swiftSettings: settings),
        .testTarget(
            name: "MemoClientTests",
            dependencies: [
                "MemoClient", "MemoCaller", "MemodFixture", "MemoRegion", "MemoWire", "memod", "memoctl",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MemoServerTests",
            dependencies: [
                "MemoServer", "MemoStore", "MemoWire", "Platform", "TestSupport", "memod",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: settings),
        .testTarget(
            name: "MemoRegionTests", dependencies: ["MemoRegion", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "SQLiteTests", dependencies: ["SQLite"], swiftSettings: settings),
        .testTarget(
            name: "MemoStoreTests",
            dependencies: ["MemoRegion", "MemoStore", "SQLite", "Migrations", "TestSupport"],
            swiftSettings: settings),
        // Starts the real binaries and links none of them.
        .testTarget(
            name: "SystemTests", dependencies: ["MemodFixture", "MemoWire", "TestSupport"],
            exclude: ["FaultShim"],
            swiftSettings: settings),
        .testTarget(
            name: "MemoctlTests",
            dependencies: [
                "Completion", "memoctl", "memod", "MemoClient", "MemodFixture", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),
    ]
)

// The helper that reaches a Redis on other machines is a program of its own: memod, memoctl and the client link nothing of
// it. SwiftNIO, TLS and cryptography take longer to build than all the rest, so only those who want it build it:
// WITH_REMOTE=1 swift build --product memod-remote
if Context.environment["WITH_REMOTE"] == "1" {
    package.products.append(.executable(name: "memod-remote", targets: ["memod-remote"]))
    package.dependencies += [
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ]
    package.targets += [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "RemoteTier",
            dependencies: ["CZstd", "RemoteLink", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .target(
            name: "RemoteEngine",
            dependencies: [
                "RemoteLink", "RemoteTier", "Platform",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "RemoteTierTests", dependencies: ["RemoteLink", "RemoteTier"], swiftSettings: settings),
        .executableTarget(
            name: "memod-remote",
            dependencies: [
                "Platform", "RemoteEngine", "RemoteLink", "RemoteTier",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: settings),
    ]
}
