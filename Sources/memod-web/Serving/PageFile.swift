/// A part of the page, embedded in the program.
enum PageFile: String, CaseIterable {
    case page = "/"
    case style = "/style.css"
    case format = "/format.js"
    case source = "/source.js"
    case charts = "/charts.js"
    case functions = "/functions.js"
    case views = "/views.js"
    case main = "/main.js"

    init?(path: String) { self.init(rawValue: path) }

    /// In the order in which they are run.
    static let scripts: [PageFile] = [.format, .source, .charts, .functions, .views, .main]

    var bytes: [UInt8] {
        switch self {
        case .page: PackageResources.page_html
        case .style: PackageResources.style_css
        case .format: PackageResources.format_js
        case .source: PackageResources.source_js
        case .charts: PackageResources.charts_js
        case .functions: PackageResources.functions_js
        case .views: PackageResources.views_js
        case .main: PackageResources.main_js
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var type: String {
        switch self {
        case .page: "text/html; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        default: "text/javascript; charset=utf-8"
        }
    }
}
