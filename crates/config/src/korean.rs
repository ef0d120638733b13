//! What the variables mean, in Korean.

/// The meaning of the variable of that name; empty where none is written.
pub(crate) fn meaning(name: &str) -> &'static str {
    let found = MEANINGS.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, meaning)| meaning)
}

/// The title of a group.
pub(crate) fn title(english: &str) -> &'static str {
    match english {
        "Service" => "서비스",
        "Monitoring" => "모니터링",
        "Logging" => "로그",
        "Traces" => "추적",
        "Alerts" => "알림",
        "Rules" => "규칙",
        "What alerts look like, and their way out" => "알림의 형식과 전송 경로",
        "Daily report" => "일일 보고서",
        _ => "",
    }
}

const LEAST_LEVEL: &str = "이 채널로 보낼 최소 수준: `info`, `warning`, `error`, `critical`";

const MEANINGS: &[(&str, &str)] = &[
    ("SERVICE_NAME", "서비스 이름. 필수, 예: `trading_engine`"),
    (
        "ENVIRONMENT",
        "예: `production`. `development`에서는 종료할 때 로드 밸런서를 기다리지 않음",
    ),
    (
        "BONGSU_CONFIG",
        "변수로 정할 수 없는 것, 특히 알림의 전송 대상을 적은 파일(docs/configuration.md). 없으면 작업 폴더의 `bongsu.toml`",
    ),
    (
        "BONGSU_BIND",
        "`serve`가 받는 주소와 포트, 또는 포트만. 0은 빈 포트. 또는 `unix:/path`, 열린 기술자 `fd:3`, systemd 유닛의 소켓 `systemd`(`LISTEN_FDS`)",
    ),
    (
        "METRICS_PORT",
        "상태, 지표, 관리, 콘솔의 포트. 없거나 서비스 포트와 같으면 서비스에 함께 둠",
    ),
    (
        "BONGSU_DATA_DIR",
        "알림 저장소, 보고서 보관함, 콘솔 기록의 폴더. 한 번에 한 프로세스만 사용",
    ),
    (
        "BONGSU_DRAIN_SECONDS",
        "종료 전에 `/ready`가 503으로 응답하는 시간. `development`에서 없으면 0",
    ),
    (
        "BONGSU_GRACE_SECONDS",
        "그 뒤 처리 중인 요청과 `spawn`의 작업에 주는 시간",
    ),
    (
        "BONGSU_KEEP_ALIVE_SECONDS",
        "요청 사이에 연결을 유지하는 시간. 앞단 로드 밸런서보다 길게",
    ),
    (
        "BONGSU_TLS_CERT",
        "`serve`가 TLS에 쓰는 PEM 인증서 파일. 바뀌면 다시 읽음. `BONGSU_TLS_KEY`와 함께",
    ),
    ("BONGSU_TLS_KEY", "그 PEM 키 파일"),
    (
        "BONGSU_OPS_TOKEN",
        "`/metrics`, 관리, 콘솔의 베어러 토큰이며 `BONGSU_HEALTH_DETAIL=token`이면 상태 상세에도 쓰임. 없으면 지표는 공개, 관리와 콘솔은 이 장비에서만",
    ),
    (
        "BONGSU_TRUSTED_PROXIES",
        "누구를 대신하는지 믿을 프록시: 쉼표로 나눈 주소와 대역, Unix 소켓은 `unix`, `X-Forwarded-For` 대신 `Forwarded`(RFC 7239)를 쓰면 `forwarded`, 또는 `none`",
    ),
    (
        "BONGSU_LOG_CLIENT",
        "접근 로그에 개인정보인 클라이언트 주소와 사용자 에이전트를 남길지",
    ),
    (
        "BONGSU_HEALTH_DETAIL",
        "`/health`에서 의존성을 볼 수 있는 사람: `never`, `always`, `token`, `loopback`",
    ),
    (
        "BONGSU_CONSOLE_HISTORY",
        "콘솔의 24시간 기록을 데이터 폴더에 남겨 재시작 후에도 이을지. 기능 `sqlite` 필요",
    ),
    ("PROMETHEUS_ENABLED", "`/metrics`를 제공할지"),
    (
        "DATABASE_URL",
        "`sqlite:<path>` 또는 `postgres://…`: 상태 점검 대상이자 일일 보고서의 원천",
    ),
    (
        "REDIS_URL",
        "`redis://[[user]:password@]host[:port][/database]`, `rediss://…?ca=file`, `unix:///socket`, `redis-sentinel://host1,host2/name`: 상태 점검과 공유 알림 대기",
    ),
    (
        "BONGSU_RESOURCE_INTERVAL_SECONDS",
        "CPU, 메모리, 디스크, 네트워크를 재는 간격",
    ),
    ("BONGSU_DISK_PATH", "감시할 파일 시스템의 경로"),
    (
        "BONGSU_RESOURCE_HOLD_SECONDS",
        "한계를 넘은 뒤 알리기까지 지속해야 하는 시간. 없으면 자원마다 다름",
    ),
    ("CPU_WARNING_THRESHOLD", "CPU 경고 한계(%)"),
    ("CPU_CRITICAL_THRESHOLD", "CPU 위험 한계(%)"),
    ("MEMORY_WARNING_THRESHOLD", "메모리 경고 한계(%)"),
    ("MEMORY_CRITICAL_THRESHOLD", "메모리 위험 한계(%)"),
    ("DISK_WARNING_THRESHOLD", "디스크 경고 한계(%)"),
    ("DISK_CRITICAL_THRESHOLD", "디스크 위험 한계(%)"),
    (
        "LOG_LEVEL",
        "`error`, `warn`, `info`, `debug`, `trace`, 또는 `info,my_crate=debug` 같은 지시문",
    ),
    ("LOG_FORMAT", "`json` 또는 `pretty`"),
    (
        "BONGSU_LOG_TO",
        "로그를 보낼 곳: `stdout`, `journald`, `syslog`(이 장비의 것. RFC 5424로는 `:/소켓/경로`를 붙임), `syslog:host:port`, `syslog-tcp:host:port`",
    ),
    ("LOG_DIR", "표준 출력과 함께 남길 회전 로그 파일의 폴더"),
    (
        "BONGSU_LOG_PRESET",
        "로그 저장소에 맞춘 키 이름: `bongsu`, `ecs`, `otel`, `gcp`, `datadog`",
    ),
    (
        "BONGSU_LOG_UTC_OFFSET",
        "로그 시각의 시간대, 예: 서울은 `+09:00`",
    ),
    (
        "BONGSU_LOG_REDACT",
        "늘 가리는 것(`password`, `token` 등) 외에 값을 가릴 키, 쉼표로 구분",
    ),
    (
        "BONGSU_LOG_RATE_LIMIT",
        "코드의 한 곳이 초당 쓸 수 있는 줄 수. 빠진 줄 수는 다음 줄이 말함",
    ),
    (
        "BONGSU_LOG_FILE_MIB",
        "자정 외에 `LOG_DIR`의 파일을 회전하는 크기. 없으면 100",
    ),
    (
        "BONGSU_LOG_KEEP_DAYS",
        "회전된 파일의 보관 기간: 일수, 또는 단위와 함께",
    ),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTLP 수신기의 기본 URL, 예: `http://collector:4318`, gRPC는 `http://collector:4317`. 추적, 지표, 로그를 보내며 없으면 보내지 않음",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "기본 URL보다 앞서는 추적 전용 전체 URL",
    ),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "지표 전용 전체 URL"),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "로그 전용 전체 URL"),
    (
        "OTEL_EXPORTER_OTLP_HEADERS",
        "요청마다 붙일 헤더, 예: `api-key=…,tenant=desk`",
    ),
    (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "프로토콜: 4318 포트의 `http/protobuf`, 또는 4317 포트의 `grpc`",
    ),
    (
        "OTEL_EXPORTER_OTLP_INSECURE",
        "주소에 `http://`나 `https://`가 없을 때 gRPC를 TLS 없이 보낼지",
    ),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "응답을 기다리는 시간, 밀리초"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "`gzip` 또는 `none`"),
    (
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "시스템 외에 수신기를 믿을 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "수신기에 보일 서비스의 PEM 인증서 파일, `OTEL_EXPORTER_OTLP_CLIENT_KEY`와 함께",
    ),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "그 인증서의 PEM 키 파일"),
    (
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "공통 헤더 대신 추적 요청에 붙일 헤더",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "추적의 응답을 기다리는 시간, 밀리초",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "추적에 `gzip` 또는 `none`",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        "추적 수신기를 믿을 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        "추적 수신기에 보일 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        "추적 수신기에 보일 인증서의 PEM 키 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "추적의 프로토콜: `http/protobuf` 또는 `grpc`",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "주소가 정하지 않을 때 추적의 gRPC를 TLS 없이 보낼지",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "공통 헤더 대신 지표 요청에 붙일 헤더",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "지표의 응답을 기다리는 시간, 밀리초",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
        "지표에 `gzip` 또는 `none`",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
        "지표 수신기를 믿을 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
        "지표 수신기에 보일 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
        "지표 수신기에 보일 인증서의 PEM 키 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "지표의 프로토콜: `http/protobuf` 또는 `grpc`",
    ),
    (
        "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
        "주소가 정하지 않을 때 지표의 gRPC를 TLS 없이 보낼지",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
        "공통 헤더 대신 로그 요청에 붙일 헤더",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
        "로그의 응답을 기다리는 시간, 밀리초",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
        "로그에 `gzip` 또는 `none`",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
        "로그 수신기를 믿을 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
        "로그 수신기에 보일 PEM 인증서 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
        "로그 수신기에 보일 인증서의 PEM 키 파일",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        "로그의 프로토콜: `http/protobuf` 또는 `grpc`",
    ),
    (
        "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
        "주소가 정하지 않을 때 로그의 gRPC를 TLS 없이 보낼지",
    ),
    (
        "OTEL_TRACES_EXPORTER",
        "`none`처럼 `otlp`가 아니면 추적을 보내지 않음",
    ),
    ("OTEL_METRICS_EXPORTER", "지표에 대해 같은 뜻"),
    ("OTEL_LOGS_EXPORTER", "로그에 대해 같은 뜻"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "지표를 보내는 간격, 밀리초"),
    (
        "OTEL_SERVICE_NAME",
        "보내는 것의 `service.name`. 없으면 `SERVICE_NAME`",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "서비스에 대해 덧붙일 속성, 예: `deployment.environment.name=live,cloud.region=seoul`",
    ),
    (
        "OTEL_SDK_DISABLED",
        "다른 설정과 무관하게 아무것도 보내지 않을지",
    ),
    (
        "BONGSU_TRACE_SLOW_SECONDS",
        "처음에 고르지 않은 요청의 추적도 남기는 소요 시간. 실패했거나 ERROR를 남긴 요청은 늘 남김",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "여기와 호출하는 서비스에서 기록할 추적: `always_on`, `always_off`, `traceidratio`, 또는 호출자의 결정을 따르는 `parentbased_`를 앞에 붙인 것",
    ),
    (
        "OTEL_TRACES_SAMPLER_ARG",
        "비율로 고를 때 기록하는 추적의 비율, 0에서 1",
    ),
    (
        "BONGSU_ALERT_COOLDOWN_SECONDS",
        "반복되는 알림을 보류하는 시간",
    ),
    (
        "BONGSU_ALERT_ON_ERRORS",
        "ERROR 로그를 코드의 위치마다 하나의 알림으로도 보낼지",
    ),
    (
        "SMTP_HOST",
        "메일 서버. `ALERT_EMAIL_FROM`, `ALERT_EMAIL_TO`와 함께 메일을 켬",
    ),
    ("SMTP_PORT", "그 포트"),
    (
        "BONGSU_SMTP_TLS",
        "`starttls`(필수), `implicit`(465 포트의 기본값), `none`",
    ),
    ("SMTP_USERNAME", "사용자, `SMTP_PASSWORD`와 함께"),
    ("SMTP_PASSWORD", "비밀번호"),
    ("ALERT_EMAIL_FROM", "보내는 사람. `SMTP_HOST`가 있으면 필수"),
    (
        "ALERT_EMAIL_TO",
        "받는 사람, 쉼표나 세미콜론으로 구분, 예: `\"Kim, Cheolsu\" <kim@example.com>; desk@example.com`. `REPORT_EMAIL_TO`가 없으면 `SMTP_HOST`와 함께 필수",
    ),
    (
        "REPORT_EMAIL_TO",
        "보고서를 메일로 받는 사람. 없으면 `ALERT_EMAIL_TO`",
    ),
    (
        "BONGSU_SMTP_HELO",
        "메일 서버에 밝히는 전체 호스트 이름. 없으면 보내는 사람의 도메인",
    ),
    ("ALERT_EMAIL_MIN_LEVEL", LEAST_LEVEL),
    ("SLACK_WEBHOOK_URL", "수신 웹훅, 여럿이면 쉼표로 구분"),
    (
        "SLACK_CHANNEL",
        "웹훅의 채널 대신 쓸 채널, 예: `#trading-alerts`. 쉼표로 나눈 여럿이면 각각에 보냄",
    ),
    ("SLACK_MIN_LEVEL", LEAST_LEVEL),
    ("ALERT_WEBHOOK_URLS", "URL, 쉼표로 구분"),
    (
        "ALERT_WEBHOOK_SECRET",
        "`whsec_…`: 웹훅 서명(Standard Webhooks 1.0)",
    ),
    ("ALERT_WEBHOOK_MIN_LEVEL", LEAST_LEVEL),
    ("TELEGRAM_BOT_TOKEN", "`TELEGRAM_CHAT_ID`와 함께"),
    (
        "TELEGRAM_CHAT_ID",
        "보낼 대화방, 쉼표로 구분: `-1001234567890`, `@desk`, 주제는 `-1001234567890/42`",
    ),
    ("TELEGRAM_MIN_LEVEL", LEAST_LEVEL),
    ("DISCORD_WEBHOOK_URL", "웹훅, 여럿이면 쉼표로 구분"),
    ("DISCORD_MIN_LEVEL", LEAST_LEVEL),
    (
        "PAGERDUTY_ROUTING_KEY",
        "Events v2 연동 키, 여럿이면 쉼표로 구분",
    ),
    ("PAGERDUTY_MIN_LEVEL", LEAST_LEVEL),
    ("TEAMS_WEBHOOK_URL", "워크플로 URL, 여럿이면 쉼표로 구분"),
    ("TEAMS_MIN_LEVEL", LEAST_LEVEL),
    ("ALERTMANAGER_URLS", "모든 피어, 쉼표로 구분"),
    ("ALERTMANAGER_MIN_LEVEL", LEAST_LEVEL),
    (
        "BONGSU_HEARTBEAT_URL",
        "생존 신호: 서비스가 살아 있는 동안 1분마다 호출",
    ),
    (
        "BONGSU_RULES",
        "Prometheus 규칙 파일: 경로나 패턴을 쉼표로 구분. bongsu 자체 규칙은 `shipped`, 쓰지 않으면 `none`",
    ),
    (
        "BONGSU_RULES_INTERVAL_SECONDS",
        "스스로 정하지 않은 규칙 그룹의 평가 간격",
    ),
    (
        "BONGSU_RULES_STEP_SECONDS",
        "규칙이 보는 서비스 지표의 표본 간격",
    ),
    (
        "BONGSU_RULES_MEMORY_MIB",
        "그 표본이 차지할 최대 메모리(MiB). 넘으면 오래된 것부터 잊음",
    ),
    (
        "BONGSU_PROMETHEUS",
        "옆의 Prometheus가 bongsu 자체 규칙을 평가하는지: 그러면 여기서 `shipped`는 없음",
    ),
    ("BONGSU_LANGUAGE", "알림의 언어: `en` 또는 `ko`"),
    (
        "BONGSU_TIME_ZONE",
        "알림 시각의 시간대, 예: `Asia/Seoul`, `UTC`, `+09:00`",
    ),
    (
        "BONGSU_PUBLIC_URL",
        "밖에서 콘솔에 닿는 주소, 예: `https://ops.example.com`. 알림이 이 주소로 연결",
    ),
    (
        "BONGSU_RUNBOOK_URL",
        "대응 절차의 이름 앞에 붙일 주소, 예: `https://wiki.example.com/runbooks/`. 없으면 docs/runbooks.md의 이름을 적음",
    ),
    (
        "BONGSU_PROXY_URL",
        "알림이 HTTP로 보내는 모든 것의 프록시. `HTTPS_PROXY`, `HTTP_PROXY`보다 앞섬",
    ),
    ("HTTPS_PROXY", "`https` URL의 프록시"),
    ("HTTP_PROXY", "`http` URL의 프록시"),
    (
        "NO_PROXY",
        "프록시 없이 닿을 호스트, 도메인, 대역, 쉼표로 구분. 이 장비는 늘 포함",
    ),
    (
        "BONGSU_CA_FILE",
        "공인 기관 외에 채널이 믿을 인증 기관의 PEM 파일",
    ),
    (
        "BONGSU_REPORT_TIME",
        "거래일의 보고 시각(Asia/Seoul). `DATABASE_URL` 필요",
    ),
    ("BONGSU_REPORT_LANGUAGE", "`en` 또는 `ko`"),
    (
        "BONGSU_REPORT_ACCOUNTS",
        "`user_id`, 쉼표로 구분. 각각 한 절을 가짐. 없으면 하나뿐인 계정",
    ),
    (
        "BONGSU_REPORT_PERIODS",
        "`weekly`, `monthly`, `yearly`, 쉼표로 구분: 각 기간의 마지막 거래일에 일일 보고와 같은 시각 또는 따로 정한 시각에, 예: `weekly@20:20,monthly`",
    ),
    (
        "BONGSU_REPORT_MAPPING",
        "표 대신 쓸 이름 붙은 질의의 파일, `docs/reports.md` 참고",
    ),
    (
        "BONGSU_REPORT_ZONE",
        "시간대가 없는 시각의 시간대, 예: `UTC`, `Asia/Seoul`, `+09:00`. 없으면 한국, `portfolio_risk_metrics`는 UTC",
    ),
    ("BONGSU_REPORT_BENCHMARK", "포트폴리오와 비교할 지수"),
    (
        "BONGSU_REPORT_MARK",
        "보유 종목의 평가 기준: `krx_close` 또는 `last_trade`(모든 거래소)",
    ),
    (
        "BONGSU_REPORT_COLOURS",
        "`korean`(상승 빨강) 또는 `western`(상승 초록)",
    ),
    ("BONGSU_REPORT_UNITS", "`full` 또는 `short`(억과 만)"),
    (
        "BONGSU_CALENDAR",
        "공표된 것 외의 휴장과 시간을 적은 파일. 바뀌면 다시 읽음, `docs/reports.md` 참고",
    ),
    (
        "REPORT_CHANNELS",
        "보고서를 보낼 채널 이름, 쉼표로 구분, 예: `email,telegram`. 없으면 사람이 읽는 모든 채널",
    ),
];
