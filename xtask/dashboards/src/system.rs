//! The dashboard "System Overview": requests (rate, errors, duration), the machine (utilisation,
//! saturation, errors), databases, health, and the monitoring itself.

use crate::{
    grafana::Dashboard,
    promql::{named, of, quantile, rate, route_quantile, routes, share, step, sum},
    spec::{CONSOLE, LOG, Sheet, Spec},
    text::{Language, Text, text},
};

pub(crate) fn dashboard(language: Language) -> Dashboard {
    Sheet {
        name: "system-overview",
        title: text("System Overview", "시스템 개요"),
        description: text(
            "Health, requests, errors, machine, database, alerts and reports of every service.",
            "모든 서비스의 상태, 요청, 오류, 자원, 데이터베이스, 경보와 보고서를 보여 줍니다.",
        ),
        marker: "service_info",
        with_symbol: false,
        rows: vec![
            now(language),
            requests(),
            errors(),
            host(),
            pressure(),
            process(),
            stores(),
            health(language),
            alerts(),
        ],
    }
    .build(language)
}

/// Answers that count as failures.
const FAILING: &str = r#"status=~"5..""#;

fn now(language: Language) -> (Text, Vec<Spec>) {
    let failed = share(
        &[],
        &rate("http_requests_total", FAILING),
        &rate("http_requests_total", ""),
    );
    let panels = vec![
        Spec::stat(
            "percentunit",
            text("Instances up, of expected", "가동 인스턴스 비율"),
            text(
                "Part of the expected instances that Prometheus reaches.",
                "있어야 할 인스턴스 중 Prometheus가 수집에 성공한 비율.",
            ),
        )
        .ask(format!("avg({})", of("up", "")), "")
        .floors(&[(1.0, "green")])
        .decimals(0),
        Spec::stat(
            "none",
            text("Health", "상태"),
            text(
                "The worst of the chosen services, as /health says.",
                "선택한 서비스 중 가장 나쁜 상태(/health 기준).",
            ),
        )
        .ask(format!("min({})", of("health_status", "")), "")
        .states(language),
        Spec::stat(
            "reqps",
            text("Requests", "요청"),
            text(
                "Requests of users a second; probes, scrapes and the console are counted apart.",
                "초당 사용자 요청 수. 프로브, 수집, 콘솔은 따로 셉니다.",
            ),
        )
        .ask(sum(&[], &rate("http_requests_total", "")), "")
        .decimals(1),
        Spec::stat(
            "percentunit",
            text("Failing requests", "실패 요청"),
            text(
                "Part of the users' requests answered with 5xx. The objective is 0.1 %.",
                "5xx로 응답한 사용자 요청 비율. 목표는 0.1 %.",
            ),
        )
        .ask(failed, "")
        .limits(&[(0.001, "orange"), (0.0144, "red")])
        .decimals(2),
        Spec::stat(
            "s",
            text("Latency (p95)", "지연 (p95)"),
            text(
                "Time that 95 % of the users' requests stay under.",
                "사용자 요청의 95 %가 끝나는 시간.",
            ),
        )
        .ask(
            quantile("0.95", &[], "http_request_duration_seconds", ""),
            "",
        )
        .limits(&[(0.5, "orange"), (1.0, "red")]),
        Spec::stat(
            "none",
            text("Alerts firing", "발생 중인 경보"),
            text(
                "Alerts of Prometheus that fire now, without the watchdog.",
                "현재 발생 중인 Prometheus 경보 수(워치독 제외).",
            ),
        )
        .ask(
            r#"count(ALERTS{alertstate="firing",alertname!="Watchdog",job=~"$job"}) or vector(0)"#,
            "",
        )
        .limits(&[(1.0, "red")])
        .decimals(0),
    ];
    (text("Now", "현황"), panels)
}

fn requests() -> (Text, Vec<Spec>) {
    let latency = |q| quantile(q, &[], "http_request_duration_seconds", "");
    let panels = vec![
        Spec::series("reqps", text("Requests by route", "경로별 요청"), text("Requests a second, by matched route.", "초당 요청 수, 경로별."))
            .ask(sum(&["method", "endpoint"], &routes(&rate("http_requests_total", ""))), "{{method}} {{endpoint}}").not_below_zero().link(LOG),
        Spec::series("reqps", text("Requests by status", "상태 코드별 요청"), text("Requests a second, by status.", "초당 요청 수, 상태 코드별."))
            .ask(sum(&["status"], &rate("http_requests_total", "")), "{{status}}").stacked(),
        Spec::series("percentunit", text("Failing requests by route", "경로별 실패율"), text("Part of the requests answered with 5xx, by route.", "5xx 응답 비율, 경로별."))
            .ask(share(&["endpoint"], &routes(&rate("http_requests_total", FAILING)), &routes(&rate("http_requests_total", ""))), "{{endpoint}}").up_to(1.0),
        Spec::series("s", text("Latency", "지연 시간"), text("Time that half, 95 % and 99 % of the users' requests stay under.", "사용자 요청의 50, 95, 99 %가 끝나는 시간."))
            .ask(latency("0.5"), text("half", "절반")).ask(latency("0.95"), text("95 %", "95 %")).ask(latency("0.99"), text("99 %", "99 %")).not_below_zero(),
        latencies(),
        Spec::series("s", text("Latency by route (p95)", "경로별 지연 (p95)"), text("Time that 95 % of a route's requests stay under.", "경로별로 요청의 95 %가 끝나는 시간."))
            .ask(route_quantile("0.95", "http_request_duration_seconds"), "{{endpoint}}").not_below_zero(),
        Spec::series("none", text("In flight", "처리 중인 요청"), text("Requests being answered; a rise without more traffic is saturation.", "처리 중인 요청 수. 요청이 늘지 않았는데 오르면 포화 상태입니다."))
            .ask(sum(&["job", "instance"], &of("http_requests_in_flight", "")), "{{instance}}").not_below_zero(),
        Spec::series("ops", text("Aborted requests and panics", "중단된 요청과 패닉"), text("Requests whose client went away, and panics caught, a second.", "초당 클라이언트가 끊은 요청과 잡힌 패닉."))
            .ask(sum(&[], &rate("http_requests_aborted_total", "")), text("aborted", "중단")).ask(sum(&[], &rate("http_panics_total", "")), text("panics", "패닉")).not_below_zero().link(LOG),
        Spec::series("Bps", text("Request and response bodies", "요청·응답 크기"), text("Bytes of bodies received and sent, a second.", "초당 수신·송신 본문 바이트."))
            .ask(sum(&[], &rate("http_request_size_bytes_sum", "")), text("received", "수신")).ask(sum(&[], &rate("http_response_size_bytes_sum", "")), text("sent", "송신")).not_below_zero(),
        Spec::series("none", text("Error budget burn", "오류 예산 소진 속도"), text("How many times faster than allowed the monthly error budget (0.1 %) is used. 14.4 for an hour pages, 6 for six hours warns.", "월 오류 예산(0.1 %)을 허용 속도의 몇 배로 쓰는지. 1시간 14.4배면 긴급, 6시간 6배면 경고."))
            .ask(r#"job:http_errors:ratio_rate1h{job=~"$job"} / 0.001"#, text("{{job}} over an hour", "{{job}} 1시간")).ask(r#"job:http_errors:ratio_rate6h{job=~"$job"} / 0.001"#, text("{{job}} over six hours", "{{job}} 6시간")).limits(&[(6.0, "orange"), (14.4, "red")]).not_below_zero().width(24),
    ];
    (text("Requests", "요청"), panels)
}

fn errors() -> (Text, Vec<Spec>) {
    let panels = vec![
        Spec::series(
            "ops",
            text("Errors by type", "종류별 오류"),
            text(
                "Errors that the services recorded, a second, by type.",
                "초당 기록된 오류, 종류별.",
            ),
        )
        .ask(
            sum(&["error_type"], &rate("errors_total", "")),
            "{{error_type}}",
        )
        .link(LOG)
        .stacked()
        .width(8),
        Spec::series(
            "ops",
            text("Errors by severity", "심각도별 오류"),
            text(
                "Errors a second, by severity; the alert fires above 10.",
                "초당 오류, 심각도별. 10을 넘으면 경보.",
            ),
        )
        .ask(
            sum(&["severity"], &rate("errors_total", "")),
            "{{severity}}",
        )
        .limits(&[(10.0, "red")])
        .not_below_zero()
        .width(8),
        Spec::series(
            "ops",
            text("Log events", "로그 이벤트"),
            text(
                "Log lines a second by level, and lines lost: those should be 0.",
                "초당 로그, 수준별. 유실은 0이어야 합니다.",
            ),
        )
        .ask(sum(&["level"], &rate("log_events_total", "")), "{{level}}")
        .ask(
            sum(&["reason"], &rate("log_dropped_total", "")),
            text("lost: {{reason}}", "유실: {{reason}}"),
        )
        .not_below_zero()
        .width(8),
    ];
    (text("Errors and logs", "오류와 로그"), panels)
}

fn host() -> (Text, Vec<Spec>) {
    let each = |metric: &str| format!("max by (job, instance) ({})", of(metric, ""));
    let panels = vec![
        Spec::series(
            "percent",
            text("CPU", "CPU"),
            text(
                "Use of the machine's processors, and of what the container may use of them.",
                "호스트 CPU 사용률과 컨테이너 한도 대비 사용률.",
            ),
        )
        .ask(each("system_cpu_percent"), text("{{instance}} machine", "{{instance}} 호스트"))
        .ask(each("container_cpu_percent"), text("{{instance}} container", "{{instance}} 컨테이너"))
        .limits(&[(70.0, "orange"), (90.0, "red")])
        .up_to(100.0)
        .width(8),
        Spec::series(
            "percent",
            text("Memory", "메모리"),
            text(
                "Memory in use on the machine, and in the container of what it may use: at 100 % the kernel kills.",
                "호스트 메모리 사용률과 컨테이너 한도 대비 사용률. 100 %면 커널이 강제 종료합니다.",
            ),
        )
        .ask(each("system_memory_percent"), text("{{instance}} machine", "{{instance}} 호스트"))
        .ask(each("container_memory_percent"), text("{{instance}} container", "{{instance}} 컨테이너"))
        .limits(&[(80.0, "orange"), (95.0, "red")])
        .up_to(100.0)
        .width(8),
        Spec::series(
            "percent",
            text("Disk", "디스크"),
            text(
                "Space in use on the watched file system.",
                "감시 중인 파일 시스템 사용률.",
            ),
        )
        .ask(each("system_disk_percent"), "{{instance}}")
        .limits(&[(85.0, "orange"), (95.0, "red")])
        .up_to(100.0)
        .width(8),
        Spec::series(
            "bytes",
            text("Memory, used and available", "사용·가용 메모리"),
            text(
                "Memory in use, and what can be had without swapping.",
                "사용 중인 메모리와 스왑 없이 쓸 수 있는 메모리.",
            ),
        )
        .ask(each("system_memory_used_bytes"), text("{{instance}} used", "{{instance}} 사용"))
        .ask(
            each("system_memory_available_bytes"),
            text("{{instance}} available", "{{instance}} 가용"),
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "bytes",
            text("Disk, used and free", "사용·여유 디스크"),
            text(
                "Space in use and space left.",
                "사용 중인 공간과 남은 공간.",
            ),
        )
        .ask(each("system_disk_used_bytes"), text("{{instance}} used", "{{instance}} 사용"))
        .ask(each("system_disk_free_bytes"), text("{{instance}} free", "{{instance}} 여유"))
        .not_below_zero()
        .width(8),
        Spec::series(
            "Bps",
            text("Network", "네트워크"),
            text(
                "Bytes a second through all interfaces.",
                "모든 인터페이스의 초당 바이트.",
            ),
        )
        .ask(
            sum(
                &["job", "instance"],
                &rate("system_network_received_bytes_total", ""),
            ),
            text("{{instance}} received", "{{instance}} 수신"),
        )
        .ask(
            sum(
                &["job", "instance"],
                &rate("system_network_sent_bytes_total", ""),
            ),
            text("{{instance}} sent", "{{instance}} 송신"),
        )
        .not_below_zero()
        .width(8),
    ];
    (text("Machine", "호스트"), panels)
}

/// Saturation and errors of machine and container.
fn pressure() -> (Text, Vec<Spec>) {
    let each = |metric: &str| format!("max by (job, instance) ({})", of(metric, ""));
    let waiting = |metric: &str| sum(&["job", "instance", "resource"], &rate(metric, ""));
    let packets = |metric: &str| sum(&["job", "instance", "direction"], &rate(metric, ""));
    let panels = vec![
        Spec::series(
            "percentunit",
            text("Pressure", "대기(압박)"),
            text(
                "Part of the time in which some task waited for a processor, memory or storage.",
                "프로세서, 메모리, 저장소를 기다린 작업이 있던 시간의 비율.",
            ),
        )
        .ask(waiting("system_pressure_waiting_seconds_total"), text("{{instance}} machine {{resource}}", "{{instance}} 호스트 {{resource}}"))
        .ask(waiting("container_pressure_waiting_seconds_total"), text("{{instance}} container {{resource}}", "{{instance}} 컨테이너 {{resource}}"))
        .not_below_zero(),
        Spec::series(
            "percent",
            text("Throttling", "CPU 제한(스로틀링)"),
            text(
                "Part of the scheduling periods in which the container stood still for its processor limit.",
                "CPU 한도 때문에 컨테이너가 멈춘 스케줄링 주기의 비율.",
            ),
        )
        .ask(each("container_cpu_throttled_percent"), "{{instance}}")
        .limits(&[(25.0, "orange")])
        .up_to(100.0),
        Spec::series(
            "none",
            text("Load per processor", "프로세서당 부하"),
            text(
                "Processes that ran or wanted to, over five minutes, for each processor; above 1 they queue.",
                "5분 평균 부하 ÷ 프로세서 수. 1을 넘으면 줄을 섭니다.",
            ),
        )
        .ask(
            format!(
                "max by (job, instance) ({}) / {}",
                of("system_load_average", r#"minutes="5""#),
                each("system_cpus")
            ),
            "{{instance}}",
        )
        .limits(&[(1.0, "orange")])
        .not_below_zero()
        .width(8),
        Spec::series(
            "bytes",
            text("Swap", "스왑"),
            text("Swap space in use.", "사용 중인 스왑."),
        )
        .ask(each("system_swap_used_bytes"), "{{instance}}")
        .not_below_zero()
        .width(8),
        Spec::series(
            "none",
            text("Kills for memory", "메모리 부족 강제 종료"),
            text(
                "Processes of the container that the kernel killed for memory, between two points.",
                "메모리 부족으로 커널이 강제 종료한 컨테이너 프로세스 수(구간별).",
            ),
        )
        .ask(sum(&["job", "instance"], &step("container_oom_kills_total", "")), "{{instance}}")
        .not_below_zero()
        .decimals(0)
        .width(8),
        Spec::series(
            "pps",
            text("Network errors and drops", "네트워크 오류와 폐기"),
            text(
                "Packets a second that the interfaces counted as errors or dropped.",
                "인터페이스의 초당 오류·폐기 패킷.",
            ),
        )
        .ask(packets("system_network_errors_total"), text("{{instance}} errors {{direction}}", "{{instance}} 오류 {{direction}}"))
        .ask(packets("system_network_dropped_total"), text("{{instance}} dropped {{direction}}", "{{instance}} 폐기 {{direction}}"))
        .not_below_zero(),
        Spec::series(
            "percentunit",
            text("Open files", "열린 파일"),
            text(
                "Open file descriptors, of those that the process may open.",
                "프로세스가 열 수 있는 파일 디스크립터 중 열린 비율.",
            ),
        )
        .ask(
            format!("{} / {}", each("process_open_fds"), each("process_max_fds")),
            "{{instance}}",
        )
        .limits(&[(0.8, "red")])
        .up_to(1.0),
    ];
    (text("Saturation and errors", "포화와 오류"), panels)
}

/// Requests by how long they took.
fn latencies() -> Spec {
    Spec::heatmap(
        "s",
        text("Latency, all requests", "지연 시간 분포"),
        text(
            "How many of the users' requests took how long; a second band is a second kind of request.",
            "사용자 요청이 걸린 시간의 분포. 띠가 둘이면 성격이 다른 요청이 있습니다.",
        ),
    )
    .ask(
        sum(&["le"], &step("http_request_duration_seconds_bucket", "")),
        "{{le}}",
    )
}

/// What is asked, and a 0 under the word `none` where there is nothing.
fn none(label: &str, ask: String) -> String {
    format!("{ask} or label_replace(vector(0), \"{label}\", \"none\", \"\", \"\")")
}

fn process() -> (Text, Vec<Spec>) {
    let each = |metric: &str| sum(&["job", "instance"], &of(metric, ""));
    let panels = vec![
        Spec::series(
            "percentunit",
            text("Process CPU", "프로세스 CPU"),
            text(
                "Processor time of the service; 100 % is one processor.",
                "서비스의 CPU 사용. 100 %는 프로세서 하나.",
            ),
        )
        .ask(
            sum(&["job", "instance"], &rate("process_cpu_seconds_total", "")),
            "{{instance}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "bytes",
            text("Process memory", "프로세스 메모리"),
            text("Resident memory of the service.", "서비스의 상주 메모리."),
        )
        .ask(
            each("process_resident_memory_bytes"),
            text("{{instance}} process", "{{instance}} 프로세스"),
        )
        .ask(
            each("container_memory_used_bytes"),
            text("{{instance}} container", "{{instance}} 컨테이너"),
        )
        .ask(
            each("container_memory_limit_bytes"),
            text(
                "{{instance}} container's limit",
                "{{instance}} 컨테이너 한도",
            ),
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "none",
            text("Files, threads, processes", "파일·스레드·프로세스"),
            text(
                "Open files and threads of the service, processes of the machine.",
                "열린 파일과 스레드 수, 호스트의 프로세스 수.",
            ),
        )
        .ask(
            each("process_open_fds"),
            text("{{instance}} files", "{{instance}} 파일"),
        )
        .ask(
            each("process_threads"),
            text("{{instance}} threads", "{{instance}} 스레드"),
        )
        .ask(
            each("system_process_count"),
            text("{{instance}} processes", "{{instance}} 프로세스"),
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "s",
            text("Uptime", "가동 시간"),
            text(
                "Time since the process started.",
                "프로세스 시작 이후 시간.",
            ),
        )
        .ask(
            format!("time() - {}", of("process_start_time_seconds", "")),
            "{{instance}}",
        )
        .not_below_zero(),
        Spec::series(
            "ops",
            text("Samples past a bound", "한도를 넘은 표본"),
            text(
                "Metric samples that went past the cardinality budget, a second; should be 0.",
                "카디널리티 한도를 넘은 초당 표본 수. 0이어야 합니다.",
            ),
        )
        .ask(
            // Without a series nothing went past a bound: that is a 0, not a gap.
            none(
                "metric",
                sum(&["metric"], &rate("bongsu_metrics_overflow_total", "")),
            ),
            "{{metric}}",
        )
        .not_below_zero(),
    ];
    (text("Process", "프로세스"), panels)
}

fn stores() -> (Text, Vec<Spec>) {
    let queries = |more| rate("database_queries_total", more);
    let panels = vec![
        Spec::series(
            "ops",
            text("Queries", "쿼리"),
            text("Database queries a second.", "초당 데이터베이스 쿼리."),
        )
        .ask(
            sum(&["operation", "table"], &queries("")),
            "{{operation}} {{table}}",
        )
        .not_below_zero(),
        Spec::series(
            "s",
            text("Query time (p95)", "쿼리 시간 (p95)"),
            text(
                "Time that 95 % of the queries stay under.",
                "쿼리의 95 %가 끝나는 시간.",
            ),
        )
        .ask(
            quantile(
                "0.95",
                &["operation", "table"],
                "database_query_duration_seconds",
                "",
            ),
            "{{operation}} {{table}}",
        )
        .not_below_zero(),
        Spec::series(
            "percentunit",
            text("Failing queries", "실패한 쿼리"),
            text("Part of the queries that failed.", "실패한 쿼리의 비율."),
        )
        .ask(
            share(
                &["operation"],
                &queries(r#"status!~"success|ok""#),
                &queries(""),
            ),
            "{{operation}}",
        )
        .up_to(1.0)
        .width(8),
        Spec::series(
            "none",
            text("Connections", "연결"),
            text(
                "Connections of the pool, by state.",
                "연결 풀의 연결 수, 상태별.",
            ),
        )
        .ask(
            sum(&["state"], &of("database_connections", "")),
            "{{state}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "percentunit",
            text("Cache hits", "캐시 적중률"),
            text(
                "Part of the look-ups that the cache answered.",
                "캐시가 응답한 조회의 비율.",
            ),
        )
        .ask(
            format!(
                "{hits} / ({hits} + {misses})",
                hits = sum(&["cache_name"], &rate("cache_hits_total", "")),
                misses = sum(&["cache_name"], &rate("cache_misses_total", ""))
            ),
            "{{cache_name}}",
        )
        .up_to(1.0)
        .width(8),
    ];
    (text("Database and cache", "데이터베이스와 캐시"), panels)
}

fn health(language: Language) -> (Text, Vec<Spec>) {
    let panels = vec![
        reached(language),
        versions(),
        Spec::timeline(
            text("Dependencies", "의존 서비스"),
            text(
                "Health of each dependency over time.",
                "의존 서비스별 상태 변화.",
            ),
            language,
        )
        .ask(
            format!("min by (job, name) ({})", of("health_dependency_up", "")),
            "{{job}} {{name}}",
        ),
        Spec::series(
            "s",
            text("Check time", "점검 시간"),
            text(
                "Time of each dependency's latest check.",
                "의존 서비스별 최근 점검 시간.",
            ),
        )
        .ask(
            format!(
                "max by (job, name) ({})",
                of("health_dependency_response_seconds", "")
            ),
            "{{job}} {{name}}",
        )
        .not_below_zero(),
    ];
    (text("Health", "상태 점검"), panels)
}

/// Whether Prometheus reached the instances.
fn reached(language: Language) -> Spec {
    Spec::reached(
        text("Reached", "수집 상태"),
        text(
            "Whether Prometheus reached each instance, over time.",
            "인스턴스별 Prometheus 수집 성공 여부.",
        ),
        language,
    )
    .ask(
        format!("min by (job, instance) ({})", of("up", "")),
        "{{job}} {{instance}}",
    )
    .link(CONSOLE)
}

/// What runs.
fn versions() -> Spec {
    Spec::series(
        "none",
        text("Versions", "버전"),
        text(
            "Instances of each version: two lines that cross are a release.",
            "버전별 인스턴스 수. 두 선이 교차하면 배포입니다.",
        ),
    )
    .ask(
        format!("count by (job, version) ({})", of("service_info", "")),
        "{{job}} {{version}}",
    )
    .not_below_zero()
    .decimals(0)
}

/// One service, at a glance, in one screen.
pub(crate) fn glance(language: Language) -> Dashboard {
    let failed = share(
        &["job"],
        &rate("http_requests_total", FAILING),
        &rate("http_requests_total", ""),
    );
    let latency = |q| quantile(q, &[], "http_request_duration_seconds", "");
    let worst = |container: &str, system: &str| {
        format!(
            "max by (job, instance) ({} or {})",
            of(container, ""),
            of(system, "")
        )
    };
    let charts = vec![
        Spec::series(
            "reqps",
            text("Requests", "요청"),
            text("Requests of users a second.", "초당 사용자 요청 수."),
        )
        .ask(sum(&["job"], &rate("http_requests_total", "")), "{{job}}")
        .not_below_zero()
        .width(8)
        .link(LOG),
        Spec::series(
            "percentunit",
            text("Failing requests", "실패 요청"),
            text(
                "Part of the users' requests answered with 5xx.",
                "5xx로 응답한 사용자 요청 비율.",
            ),
        )
        .ask(failed, "{{job}}")
        .limits(&[(0.001, "orange"), (0.0144, "red")])
        .not_below_zero()
        .width(8)
        .link(LOG),
        Spec::series(
            "s",
            text("Latency", "지연 시간"),
            text(
                "Time that half and 99 % of the users' requests stay under.",
                "사용자 요청의 절반과 99 %가 끝나는 시간.",
            ),
        )
        .ask(latency("0.5"), text("half", "절반"))
        .ask(latency("0.99"), "99 %")
        .not_below_zero()
        .width(8),
        Spec::series(
            "percent",
            text("Processor and memory", "CPU와 메모리"),
            text(
                "Use of the container's limits; where there are none, of the machine.",
                "컨테이너 한도 대비 사용률, 한도가 없으면 호스트 사용률.",
            ),
        )
        .ask(
            worst("container_cpu_percent", "system_cpu_percent"),
            text("{{instance}} processor", "{{instance}} CPU"),
        )
        .ask(
            worst("container_memory_percent", "system_memory_percent"),
            text("{{instance}} memory", "{{instance}} 메모리"),
        )
        .limits(&[(90.0, "red")])
        .up_to(100.0)
        .width(8)
        .link(CONSOLE),
        Spec::series(
            "ops",
            text("Errors by type", "종류별 오류"),
            text("Errors a second, by type.", "초당 오류, 종류별."),
        )
        .ask(
            named(&["error_type"], "errors_total", rate),
            "{{error_type}}",
        )
        .not_below_zero()
        .width(8)
        .link(LOG),
        reached(language).width(8),
    ];
    Sheet {
        name: "service-glance",
        title: text("One Service at a Glance", "서비스 한눈에 보기"),
        description: text(
            "What one service does and how it is, in one screen.",
            "서비스 하나의 상태를 한 화면에 보여 줍니다.",
        ),
        marker: "service_info",
        with_symbol: false,
        rows: vec![now(language), (text("The last hour", "추이"), charts)],
    }
    .build(language)
}

fn alerts() -> (Text, Vec<Spec>) {
    let panels = vec![
        Spec::series(
            "none",
            text("Alerts waiting", "대기 중인 경보"),
            text(
                "Alerts of the services themselves that wait for delivery.",
                "서비스가 보낼 경보 중 전달을 기다리는 수.",
            ),
        )
        .ask(
            sum(&["job", "instance"], &of("alerts_pending", "")),
            "{{instance}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "s",
            text("Oldest waiting alert", "가장 오래 기다린 경보"),
            text(
                "Age of the alert that has waited longest; 0 when none waits.",
                "가장 오래 기다린 경보의 대기 시간. 없으면 0.",
            ),
        )
        .ask(
            format!(
                "max by (job, instance) ({})",
                of("alerts_oldest_pending_seconds", "")
            ),
            "{{instance}}",
        )
        .limits(&[(300.0, "red")])
        .not_below_zero()
        .width(8),
        Spec::series(
            "ops",
            text("Deliveries by outcome", "전달 결과"),
            text(
                "Attempts a second; retried is a channel in trouble, dead is an alert given up.",
                "초당 전달 시도. retried는 재시도, dead는 포기한 경보.",
            ),
        )
        .ask(
            named(&["channel", "outcome"], "alerts_delivery_total", rate),
            "{{channel}} {{outcome}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "none",
            text("Alerts sent", "보낸 경보"),
            text(
                "Alerts sent between two points, by kind and channel.",
                "구간별 보낸 경보, 종류와 채널별.",
            ),
        )
        .ask(
            sum(&["alert_type", "channel"], &step("alerts_sent_total", "")),
            "{{alert_type}} {{channel}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "none",
            text("Alerts held back", "보류된 경보"),
            text(
                "Alerts not sent between two points, by reason.",
                "구간별 보내지 않은 경보, 이유별.",
            ),
        )
        .ask(
            none(
                "reason",
                sum(&["reason"], &step("alerts_suppressed_total", "")),
            ),
            "{{reason}}",
        )
        .not_below_zero()
        .width(8),
        Spec::series(
            "s",
            text("Daily report", "일일 보고서"),
            text(
                "Time since the last report that arrived, and how long the latest took.",
                "마지막으로 도착한 보고서 이후 시간과 최근 작성 시간.",
            ),
        )
        .ask(
            format!(
                // A restart forgets the gauge until the next report; Prometheus does not.
                "time() - max by (job) (last_over_time({}[4d]))",
                of("report_last_success_timestamp_seconds", "")
            ),
            text("{{job}} since the last", "{{job}} 마지막 이후"),
        )
        .ask(
            format!("max by (job) ({})", of("report_duration_seconds", "")),
            text("{{job}} duration", "{{job}} 작성 시간"),
        )
        .not_below_zero()
        .width(8),
    ];
    (text("Alerts and reports", "경보와 보고서"), panels)
}
