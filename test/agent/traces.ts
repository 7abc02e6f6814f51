/** What runtimes print when something goes wrong, each an entry that is to come out whole. */

/** Without the spaces that this file is indented by. */
function entry(text: string): string {
  return text.replace(/^\n/, '').replace(/\n *$/, '').replaceAll(/^ {4}/gm, '');
}

export const TRACES: readonly (readonly [what: string, text: string])[] = [
  [
    'a Go panic',
    entry(`
    panic: runtime error: index out of range [5] with length 3 [recovered]
    \tpanic: again

    goroutine 1 [running]:
    main.pick(...)
    \t/src/main.go:12
    main.(*Server).handle(0xc000012345, {0x4a7e40?, 0x4e3d28?})
    \t/src/main.go:31 +0x1d
    created by main.main in goroutine 7
    \t/src/main.go:8 +0x45
    exit status 2`),
  ],
  [
    'a Go nil dereference',
    entry(`
    panic: runtime error: invalid memory address or nil pointer dereference
    [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45a5c1]

    goroutine 34 [running]:
    net/http.(*conn).serve(0xc0001b2000, {0x6e2f38, 0xc00010a0f0})
    \t/usr/local/go/src/net/http/server.go:2102 +0x625`),
  ],
  [
    'a Go fatal error with two goroutines and registers',
    entry(`
    fatal error: all goroutines are asleep - deadlock!

    goroutine 1 [chan receive, 5 minutes]:
    main.main()
    \t/src/main.go:9 +0x50

    goroutine 18 [select, locked to thread]:
    main.Map[...].func1()
    \t/src/map.go:40 +0x8c

    rax    0xca
    rip    0x45a5c1`),
  ],
  [
    'a dump that a signal has asked for',
    entry(`
    SIGQUIT: quit
    PC=0x45a5c1 m=0 sigcode=0

    goroutine 0 gp=0x5b2d40 m=0 mp=0x5b36e0 [idle]:
    runtime.futex(0x5b3828, 0x80, 0x0, 0x0, 0x0, 0x0)
    \t/usr/local/go/src/runtime/sys_linux_amd64.s:557 +0x21`),
  ],
  [
    'a panic that net/http has recovered',
    entry(`
    2026/01/01 10:00:00 http: panic serving 10.0.0.1:51234: boom
    goroutine 52 [running]:
    net/http.(*conn).serve.func1()
    \t/usr/local/go/src/net/http/server.go:1947 +0xbe`),
  ],
  [
    'a Java exception with causes, behind the line that logs it',
    entry(`
    2026-01-01 10:00:00,123 ERROR [http-1] c.e.shop.Orders - cannot store order 17
    com.example.shop.StoreException: no answer
    \tat com.example.shop.Store.put(Store.java:41)
    \tat com.example.shop.Orders.lambda$add$0(Orders.java:87) ~[shop.jar:1.2]
    \tSuppressed: java.io.IOException: close failed
    \t\tat com.example.shop.Store.close(Store.java:60)
    \t\t... 2 more
    Caused by: java.net.SocketTimeoutException: Read timed out
    \tat java.base/sun.nio.ch.NioSocketImpl.read(NioSocketImpl.java:288)
    \t... 12 common frames omitted
    Caused by: java.lang.Error
    \t... 24 more`),
  ],
  [
    'an uncaught exception of Kotlin',
    entry(`
    Exception in thread "main" kotlin.KotlinNullPointerException
    \tat MainKt.main(Main.kt:3)
    \tat MainKt.main(Main.kt)`),
  ],
  [
    'an error of Node.js with a cause and properties',
    entry(`
    Error: order 17 is lost
        at store (/app/store.js:10:11)
        at async file:///app/main.js:3:1 {
      code: 'E_LOST',
      [cause]: TypeError: x is not a function
          at deep (/app/deep.js:1:1)
    }`),
  ],
  [
    'an exception of .NET',
    entry(`
    Unhandled exception. System.InvalidOperationException: outer
     ---> System.ArgumentNullException: Value cannot be null. (Parameter 'x')
       at Shop.Store.Put(Order o) in /src/Store.cs:line 12
       --- End of inner exception stack trace ---
       at Shop.Program.Main() in /src/Program.cs:line 5
    --- End of stack trace from previous location ---
       at Shop.Other()`),
  ],
  [
    'an exception of .NET, behind the line that logs it',
    entry(`
    [10:00:00 ERR] cannot store order 17
    Npgsql.PostgresException (0x80004005): 23505: duplicate key value violates unique constraint
       at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async)
       at Shop.Store.Put(Order o) in /src/Store.cs:line 12
      Exception data:
        Severity: ERROR`),
  ],
  [
    'an entry of the console logger of .NET',
    entry(`
    fail: Shop.Orders[17]
          cannot store order 17

          because of:
          System.InvalidOperationException: outer
           ---> System.Net.Sockets.SocketException (111): Connection refused
             at Shop.Store.Put(Order o) in /src/Store.cs:line 12
             --- End of inner exception stack trace ---
             at Shop.Program.Main() in /src/Program.cs:line 5`).replaceAll('\n\n', '\n      \n'),
  ],
  [
    'an exception of Ruby',
    entry(`
    /app/orders.rb:2:in 'Integer#/': divided by 0 (ZeroDivisionError)
    \tfrom /app/orders.rb:2:in 'Object#divide'
    \tfrom <internal:kernel>:187:in 'loop'
    \t ... 10 levels...
    \tfrom /app/main.rb:5:in '<main>'`),
  ],
  [
    'an exception of Ruby 3.3, behind the line that logs it',
    entry(`
    E, [2026-01-01T10:00:00.123456 #1] ERROR -- : divided by 0 (ZeroDivisionError)
    /app/orders.rb:2:in \`/'
    /app/main.rb:5:in \`block in <main>'`),
  ],
  [
    'a Python traceback',
    entry(`
    Traceback (most recent call last):
      File "/app/main.py", line 3, in <module>
        main()
        ~~~~^^
      [Previous line repeated 996 more times]
    RecursionError: maximum recursion depth exceeded`),
  ],
  [
    'chained Python exceptions',
    entry(`
    Traceback (most recent call last):
      File "/app/store.py", line 8, in get
        return orders[key]
    KeyError: 17

    During handling of the above exception, another exception occurred:

    Traceback (most recent call last):
      File "/app/main.py", line 3, in <module>
        get(17)
    shop.NotFound: order 17

    The above exception was the direct cause of the following exception:

    Traceback (most recent call last):
      File "/app/main.py", line 9, in <module>
        main()
    SystemError`),
  ],
  [
    'a Python exception group',
    `  + Exception Group Traceback (most recent call last):
  |   File "/app/main.py", line 3, in <module>
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: a
    +---------------- 2 ----------------
    | TypeError: b
    +------------------------------------`,
  ],
];

/** What a line of text precedes: exceptions, and whether they take the line before them if a logger has written it. */
export const AFTER_TEXT: readonly (readonly [what: string, takesLogged: boolean, text: string])[] = [
  ['the JVM', true, 'java.lang.IllegalStateException: boom\n\tat a.B.c(B.java:1)'],
  ['the JVM, uncaught', false, 'Exception in thread "main" java.lang.Error: boom\n\tat a.B.c(B.java:1)'],
  ['.NET', true, 'System.InvalidOperationException: boom\n   at Shop.Store.Put(Order o) in /src/Store.cs:line 12'],
  ['.NET, of a nested class', true, 'Shop.Store+FullException: boom\n   at Shop.Store.Put(Order o)'],
  ['.NET, with a code', true, 'System.Net.Sockets.SocketException (111): refused\n   at Shop.Store.Put(Order o)'],
  ['.NET, uncaught', false, 'Unhandled exception. System.InvalidOperationException: boom\n   at Shop.Program.Main()'],
  [
    '.NET, by its console logger',
    false,
    'fail: Shop[1]\n      boom\n      System.Exception: boom\n         at Shop.Put()',
  ],
  ['Go, a stack', true, 'goroutine 52 [running]:\nmain.pick(...)\n\t/src/main.go:12'],
  ['Go, a panic', false, 'panic: boom\n\ngoroutine 1 [running]:\nmain.pick(...)\n\t/src/main.go:12'],
  ['Node.js', false, 'TypeError: boom\n    at store (/app/store.js:10:11)'],
  ['Python', false, 'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\nKeyError: 17'],
  ['Ruby', false, "/app/orders.rb:2:in 'divide': boom (ZeroDivisionError)\n\tfrom /app/main.rb:5:in '<main>'"],
  ['Ruby, without a header', true, "/app/orders.rb:2:in 'divide'\n/app/main.rb:5:in '<main>'"],
];
