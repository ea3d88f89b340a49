// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is held to: Swift 6 isolation, marked unsafety, no warning left standing.
let houseRules: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A static build (`STATIC=1`, the image) links libuv's archive, which Debian describes under a name of its own.
let libuv = Context.environment["STATIC"] == "1" ? "libuv-static" : "libuv"

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "herald",
    products: [
        .executable(name: "herald", targets: ["herald"]),
        .library(name: "ProxyProtocol", targets: ["ProxyProtocol"]),
        .library(name: "NetworkAddress", targets: ["NetworkAddress"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Floor 0: addresses, and the three C libraries.
        .systemLibrary(name: "CLibUV", pkgConfig: libuv, providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "NetworkAddress", swiftSettings: houseRules),

        // Floor 1: the protocol without I/O, and the bridge to libuv and c-ares without policy.
        .target(name: "ProxyProtocol", dependencies: ["NetworkAddress"], swiftSettings: houseRules),
        .target(name: "LibUV", dependencies: ["CAres", "CLibUV", "NetworkAddress"], swiftSettings: houseRules),

        // Floor 2: every decision, no I/O.
        .target(name: "HeraldCore", dependencies: ["NetworkAddress", "ProxyProtocol"], swiftSettings: houseRules),

        // Floor 3: the configuration's languages, and the actors.
        .target(
            name: "HeraldConfiguration",
            dependencies: ["CYAML", "HeraldCore", "NetworkAddress", "ProxyProtocol"],
            swiftSettings: houseRules
        ),
        .target(
            name: "HeraldServer",
            dependencies: ["HeraldCore", "LibUV", "NetworkAddress", "ProxyProtocol"],
            swiftSettings: houseRules
        ),
        .target(
            name: "HeraldAdmin",
            dependencies: ["HeraldCore", "LibUV", "NetworkAddress"],
            resources: [
                .embedInCode("Pages/Dashboard/dashboard.html"),
                .embedInCode("Pages/Dashboard/dashboard.css"),
                .embedInCode("Pages/Dashboard/dashboard.js"),
                .embedInCode("Pages/Status/status.schema.json"),
            ],
            swiftSettings: houseRules
        ),

        // Floor 4: the command.
        .executableTarget(
            name: "herald",
            dependencies: [
                "HeraldAdmin", "HeraldConfiguration", "HeraldCore", "HeraldServer", "LibUV", "NetworkAddress",
                "ProxyProtocol", argumentParser,
            ],
            swiftSettings: houseRules
        ),

        .testTarget(name: "NetworkAddressTests", dependencies: ["NetworkAddress"], swiftSettings: houseRules),
        .testTarget(
            name: "ProxyProtocolTests",
            dependencies: ["ProxyProtocol", "NetworkAddress"],
            swiftSettings: houseRules
        ),
        .testTarget(
            name: "LibUVTests",
            dependencies: ["BridgeStress", "LibUV", "NetworkAddress"],
            swiftSettings: houseRules
        ),
        // Connections by the hundred thousand, for the sanitizers: a command, so that they need not build everything.
        .executableTarget(
            name: "BridgeStress",
            dependencies: ["LibUV", "NetworkAddress"],
            path: "Tests/BridgeStress",
            exclude: ["stress.sh"],
            swiftSettings: houseRules
        ),
        // Headers by the million, for the benchmark.
        .executableTarget(
            name: "ParserBench",
            dependencies: ["ProxyProtocol"],
            path: "Benchmarks/Parser",
            swiftSettings: houseRules
        ),
        .testTarget(
            name: "HeraldCoreTests",
            dependencies: ["HeraldCore", "NetworkAddress", "ProxyProtocol"],
            swiftSettings: houseRules
        ),
        .testTarget(
            name: "HeraldConfigurationTests",
            dependencies: ["HeraldConfiguration", "HeraldCore", "NetworkAddress", "ProxyProtocol"],
            swiftSettings: houseRules
        ),
        .testTarget(
            name: "HeraldAdminTests",
            dependencies: ["HeraldAdmin", "HeraldCore", "LibUV", "NetworkAddress"],
            swiftSettings: houseRules
        ),
        .systemLibrary(name: "CLinux", path: "Tests/CLinux"),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["CLinux", "NetworkAddress"],
            swiftSettings: houseRules
        ),
    ],
    swiftLanguageModes: [.v6]
)
