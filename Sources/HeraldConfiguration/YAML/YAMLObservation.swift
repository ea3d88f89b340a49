internal import HeraldCore

/// What a server's keys say about failed connects of sessions and about going down, in whatever order they stand.
struct YAMLObservation {
    private enum Layer: String, CaseIterable {
        case layer4
    }

    private enum Shutdown: String, CaseIterable {
        case sessions = "shutdown-sessions"
    }

    fileprivate var settings = ObservationSettings()
    fileprivate var isOn = false
    /// Of `observe`.
    fileprivate var position: SourcePosition?
    /// Keys that say nothing without `observe`.
    fileprivate var details: [Located<String>] = []
    /// Of `on-marked-down`, where it is right.
    fileprivate var shutdownPosition: SourcePosition?

    mutating func readLayer(_ node: YAMLNode, _ reader: YAMLReader) {
        position = node.position
        if case .scalar("layer7", _) = node.content {
            reader.refuse(node, "layer4, as Herald does not look into what servers answer")
        } else {
            isOn = reader.choice(node, as: Layer.self) != nil
        }
    }

    mutating func readErrorLimit(_ node: YAMLNode, _ reader: YAMLReader) {
        details.append(Located(value: "error-limit", position: node.position))
        settings.errorLimit = reader.integer(node, in: ObservationSettings.errorRange) ?? settings.errorLimit
    }

    mutating func readAction(_ node: YAMLNode, _ reader: YAMLReader) {
        details.append(Located(value: "on-error", position: node.position))
        settings.action = reader.choice(node, as: ObservationSettings.Action.self) ?? settings.action
    }

    mutating func readShutdown(_ node: YAMLNode, _ reader: YAMLReader) {
        if reader.choice(node, as: Shutdown.self) != nil { shutdownPosition = node.position }
    }
}

extension YAMLServer {
    /// `node` is the server's mapping.
    mutating func applyObservation(_ node: YAMLNode, _ reader: YAMLReader) {
        let isUnchecked = isUnchecked(node)
        if let position = observation.position, isUnchecked {
            reader.problems.error(
                position,
                "'observe' of a server without 'check', which alone would bring it up again",
                expected: "'check: true' beside it"
            )
        }
        if !YAMLServer.keys.mention("observe", in: node) {
            for detail in observation.details {
                reader.problems.error(
                    detail.position,
                    "'\(detail.value)' without 'observe'",
                    expected: "'observe: layer4' beside it"
                )
            }
        }
        if observation.isOn && settings.check != nil { settings.observation = observation.settings }
        guard let position = observation.shutdownPosition else { return }
        settings.endsSessionsWhenDown = true
        if isUnchecked {
            reader.problems.warning(position, "'on-marked-down' of a server without 'check', which is never down")
        }
    }

    /// Not where a check was written that could not be read, and has got its message.
    private func isUnchecked(_ node: YAMLNode) -> Bool {
        guard settings.check == nil, case .mapping(let entries) = node.content else { return false }
        if case .scalar("false", isPlain: true)? = entries.first(where: { $0.key == "check" })?.value.content {
            return true
        }
        return !YAMLServer.keys.mention("check", in: node)
    }
}
