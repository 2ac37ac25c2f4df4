// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "example",
    dependencies: [
        // Within memod's own repository; elsewhere, its URL: .package(url: "https://…/memod", from: "0.1.0")
        .package(name: "memod", path: "../..")
    ],
    targets: [
        .executableTarget(name: "example", dependencies: [.product(name: "MemoClient", package: "memod")])
    ]
)
