//! First and last names by language, in ASCII, because e-mail addresses are made of them.
//!
//! Common names of each language, combined at random: who comes out is nobody in particular.

/// Names of one language, separated by blanks.
pub(in crate::simulate) struct Names {
    pub(in crate::simulate) first: &'static str,
    pub(in crate::simulate) last: &'static str,
}

macro_rules! names {
    ($($language:ident: $first:literal, $last:literal;)*) => {
        $(pub(super) const $language: Names = Names { first: $first, last: $last };)*
    };
}

names! {
    ENGLISH: "James Mary John Linda Robert Susan David Karen Emma Liam Olivia Noah Ava Jack Grace Ryan",
        "Smith Jones Taylor Brown Wilson Davies Evans Walker White Harris Clark Lewis Young King Hill Moore";
    GERMAN: "Anna Lukas Lena Felix Marie Jonas Laura Paul Julia Max Sophie Leon Katrin Stefan Sabine Uwe",
        "Mueller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Wolf Klein Braun";
    FRENCH: "Camille Louis Lea Hugo Manon Lucas Chloe Jules Emma Nathan Julie Pierre Sophie Thomas Claire Paul",
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia Roux";
    DUTCH: "Daan Emma Sem Tess Lucas Sophie Bram Julia Thijs Anna Ruben Lisa Jeroen Sanne Pieter Fleur",
        "deVries Jansen Bakker Visser Smit Meijer deBoer Mulder Bos Vos Peters Hendriks Dekker Brouwer deWit Dijkstra";
    SPANISH: "Lucia Hugo Sofia Mateo Martina Diego Paula Javier Carmen Carlos Elena Luis Marta Jorge Ana Pablo",
        "Garcia Rodriguez Martinez Lopez Gonzalez Perez Sanchez Ramirez Torres Flores Diaz Romero Alvarez Ruiz Moreno Castro";
    ITALIAN: "Giulia Francesco Sofia Leonardo Aurora Lorenzo Alice Andrea Chiara Marco Elena Luca Sara Matteo Anna Davide",
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Rizzo";
    POLISH: "Anna Jan Zofia Piotr Maria Kamil Julia Adam Ewa Michal Ola Tomasz Magda Pawel Kasia Marek",
        "Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak Mazur Krawczyk Piotrowski Grabowski Pawlak Michalski";
    SWEDISH: "Alice Erik Maja Lars Elsa Oscar Anna Karl Ebba Nils Sara Johan Ida Anders Lina Gustav",
        "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Berg Lind Holm Ek Dahl Nyberg";
    PORTUGUESE: "Ana Joao Maria Pedro Julia Lucas Beatriz Gabriel Larissa Rafael Camila Bruno Leticia Felipe Carla Thiago",
        "Silva Santos Oliveira Souza Lima Pereira Ferreira Costa Rodrigues Almeida Nascimento Alves Carvalho Gomes Ribeiro Martins";
    JAPANESE: "Haruto Yui Sota Hina Yuto Sakura Ren Aoi Kenji Yoko Takashi Mika Hiroshi Emi Daiki Nana",
        "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Mori Abe Ikeda";
    KOREAN: "Minjun Seoyeon Jiho Jiwoo Hyunwoo Sujin Junho Minji Sungmin Yuna Donghyun Eunji Taeyang Hana Jisoo Woojin",
        "Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang";
    INDIAN: "Aarav Diya Vivaan Ananya Arjun Priya Rohan Neha Rahul Pooja Karan Sneha Amit Kavya Vikram Isha",
        "Sharma Patel Singh Kumar Gupta Reddy Nair Iyer Das Joshi Mehta Rao Verma Shah Khan Bose";
    INDONESIAN: "Budi Siti Agus Dewi Rizky Putri Andi Ayu Dimas Rina Eko Wulan Fajar Indah Hendra Maya",
        "Santoso Wijaya Saputra Hidayat Lestari Pratama Nugroho Susanto Kurniawan Setiawan Siregar Halim Utami Permata Gunawan Rahayu";
    FILIPINO: "Jose Maria Juan Angel Mark Kim Paolo Bea Miguel Joy Carlo Grace Rico Liza Gab Ella",
        "Reyes Cruz Santos Bautista Ocampo Garcia Mendoza Torres Flores Ramos Aquino Villanueva Castillo Rivera Navarro Dizon";
    VIETNAMESE: "An Linh Minh Trang Huy Mai Duc Lan Tuan Hoa Nam Thao Quang Ngoc Khanh Vy",
        "Nguyen Tran Le Pham Hoang Phan Vu Dang Bui Do Ho Ngo Duong Ly Dinh Truong";
    TURKISH: "Mehmet Ayse Mustafa Fatma Emre Zeynep Ali Elif Can Merve Burak Selin Murat Deniz Hakan Ece",
        "Yilmaz Kaya Demir Celik Sahin Yildiz Ozturk Aydin Arslan Dogan Kilic Aslan Cetin Kara Koc Kurt";
    NIGERIAN: "Chidi Ngozi Emeka Amaka Tunde Funke Ibrahim Aisha Segun Bola Uche Kemi Musa Zainab Obi Ife",
        "Okafor Adeyemi Bello Okeke Balogun Eze Musa Ogunleye Nwosu Abiola Lawal Obi Danjuma Ojo Chukwu Yusuf";
    ARABIC: "Omar Fatima Ahmed Mariam Khalid Noura Ali Layla Hassan Sara Yousef Huda Saeed Reem Rashid Amna",
        "AlMansoori Hassan Khan AlMazrouei Ibrahim Saleh AlShamsi Rahman Haddad Nasser Farah Aziz Malik Hamdan Qasim Darwish";
    UKRAINIAN: "Oleksandr Olena Andriy Iryna Dmytro Oksana Serhiy Natalia Ivan Yulia Taras Maria Bohdan Sofia Roman Anna",
        "Shevchenko Kovalenko Bondarenko Tkachenko Kravchenko Oliynyk Shevchuk Koval Polishchuk Bondar Moroz Marchenko Lysenko Rudenko Savchenko Petrenko";
}
